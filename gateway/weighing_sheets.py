"""How much a workbook would take to open, found out without opening it: each part is unpacked and counted as a stream.

A workbook of a few KiB may unpack to a million elements, each of which costs whoever builds objects of it a hundred
times its bytes. Sizes alone do not tell them from a large sheet of somebody honest; counts do.
"""

import io
import re
import zipfile
from typing import Any, Final
from xml.parsers import expat


class Unreadable(Exception):  # noqa: N818 - reads as the fact it reports
    """The file, or one cell of it, cannot be read exactly. The message says what would be right."""


#: Rows are looked for down to here, empty ones between them included: each takes its time.
LAST_LINE: Final = 50_000
#: Most bytes of a workbook once it is unpacked, all of its parts together: a sheet of 10,000 rows and ten columns has
#: 6 MB. What unpacks to more is refused before it is unpacked.
UNPACKED_MAX_BYTES: Final = 64 * 1024 * 1024
#: Most parts of a workbook: a plain one has a dozen.
PARTS_MAX: Final = 200
#: The only parts that grow with the rows. Whatever else a workbook names as its sheet is as small as all others.
_GROWING: Final = re.compile(r"xl/(worksheets/[^/]+|sharedStrings)\.xml", re.IGNORECASE)
#: Formats of cells: those of a plain workbook have 2 KiB, those of one that was copied together for years hundreds.
_STYLES: Final = "xl/styles.xml"
_STYLES_MAX_BYTES: Final = 1024 * 1024
#: Most bytes of any other part: the largest one of a plain workbook, its theme, has 10 KiB.
_OTHER_MAX_BYTES: Final = 256 * 1024
#: Bytes that are unpacked at once.
_CHUNK_BYTES: Final = 64 * 1024
#: A spreadsheet program keeps no longer text in a cell.
_TEXT_MAX_CHARS: Final = 32_767
#: A tag with all of its attributes; those of a cell have fifty bytes.
_TAG_MAX_BYTES: Final = 256 * 1024
#: How a part begins to declare entities.
_DECLARATIONS: Final = (b"<!DOCT", b"<!ENTI")
#: The same in UTF-16, whose letters have a zero byte between them, whichever of its bytes comes first.
_DECLARES: Final = re.compile(b"|".join(b"\0?".join(bytes([one]) for one in word) for word in _DECLARATIONS))
#: So much of a declaration may stand at the end of one chunk and go on in the next: all of the longest one but a byte.
_ACROSS_BYTES: Final = max(2 * len(word) - 1 for word in _DECLARATIONS) - 1
_LARGE: Final = "The workbook is larger than its rows can be; save them alone in a new one."
#: Cells of a sheet, and texts that its cells share: 10,000 rows of 20 columns. So many take seconds.
CELLS_MAX: Final = 200_000
#: Cells of one row: one that somebody formatted as a whole may have some behind the last that is read.
_ROW_CELLS_MAX: Final = 1_000
#: Elements of a cell that are no others: ``is`` and ``t``, or ``f`` and ``v``.
_IN_A_CELL: Final = 2
#: Whatever else there is, in each part: a sheet has some dozens, styles that grew for years have thousands.
_OTHERS_MAX: Final = 10_000
#: A run of rich text in a cell of a sheet stands eight deep.
_DEPTH_MAX: Final = 20


def weigh(raw: bytes) -> None:
    """Look through all parts of a workbook, of which none is kept.

    Raises:
        Unreadable: to open it would take more time or memory than its rows can be worth, or it declares entities.
        ExpatError, BadZipFile, ...: it is no workbook.
    """
    with zipfile.ZipFile(io.BytesIO(raw)) as parts:
        listed = parts.infolist()
        # Of a part no more is ever unpacked than it says of itself here.
        if len(listed) > PARTS_MAX or sum(one.file_size for one in listed) > UNPACKED_MAX_BYTES:
            raise Unreadable(_LARGE)
        if any(one.file_size > _most_bytes(one.filename) for one in listed):
            raise Unreadable(_LARGE)
        for one in listed:
            with parts.open(one) as part:
                _weigh_part(one.filename, part)


def _most_bytes(name: str) -> int:
    if _GROWING.fullmatch(name):
        return UNPACKED_MAX_BYTES
    return _STYLES_MAX_BYTES if name == _STYLES else _OTHER_MAX_BYTES


def _weigh_part(name: str, part: Any) -> None:
    scales = _Scales()
    is_xml = name.lower().endswith((".xml", ".rels"))
    kept = b""
    while chunk := part.read(_CHUNK_BYTES):
        kept += chunk
        # Of every part, for any of them may be called a sheet by another one.
        if _DECLARES.search(kept):
            raise Unreadable("The workbook declares entities, which no spreadsheet program does.")
        kept = kept[-_ACROSS_BYTES:]
        if is_xml:
            scales.put(chunk)
    if is_xml:
        scales.put(b"", is_last=True)


class _Scales:
    """Counts the elements of one part, and builds nothing of them."""

    def __init__(self) -> None:
        self._rows = self._cells = self._row_cells = self._others = self._depth = self._chars = self._fed = 0
        self._may_be_in_cell = 0
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def put(self, chunk: bytes, *, is_last: bool = False) -> None:
        self._parser.Parse(chunk, is_last)
        self._fed += len(chunk)
        if self._fed - self._parser.CurrentByteIndex > _TAG_MAX_BYTES:
            raise Unreadable(_LARGE)

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self._depth += 1
        self._chars = 0
        match name.rpartition("}")[2]:
            case "row":
                self._rows += 1
                self._row_cells = 0
            case "c":
                self._cells += 1
                self._row_cells += 1
                self._may_be_in_cell = _IN_A_CELL
            case "si":
                self._cells += 1
                self._may_be_in_cell = _IN_A_CELL
            case "v" | "f" | "is" | "t" if self._may_be_in_cell:
                self._may_be_in_cell -= 1
            case _:
                self._others += 1
        if (
            self._rows > LAST_LINE + 1
            or self._cells > CELLS_MAX
            or self._row_cells > _ROW_CELLS_MAX
            or self._others > _OTHERS_MAX
            or self._depth > _DEPTH_MAX
        ):
            raise Unreadable(_LARGE)

    def _end(self, _name: str) -> None:
        self._depth -= 1
        self._chars = 0

    def _text(self, text: str) -> None:
        self._chars += len(text)
        if self._chars > _TEXT_MAX_CHARS:
            raise Unreadable(_LARGE)
