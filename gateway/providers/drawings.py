"""Which SVG drawings are taken as they are: those that can do nothing but be looked at.

It is shown by ``<img>``, where no script runs and nothing is loaded, and has a policy of its own where it is opened by
itself (`media_views`). This check is for the day on which one of the two fails.
"""

import re
from collections import defaultdict
from typing import Final
from xml.parsers import expat

#: Of the file. A logo drawn by hand has a few thousand bytes.
DRAWING_MAX_BYTES: Final = 64 * 1024
#: Elements within each other: a drawing has a handful.
_DEPTH_MAX: Final = 64

_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_XML: Final = "http://www.w3.org/XML/1998/namespace"
#: What draws. No script, no foreignObject, no link, no animation (which could set an address later), no picture.
_ELEMENTS: Final = frozenset(
    (
        *("svg", "g", "defs", "symbol", "use", "title", "desc", "metadata", "style", "switch"),
        *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "textPath"),
        *("linearGradient", "radialGradient", "stop", "clipPath", "mask", "filter"),
        *("feBlend", "feColorMatrix", "feComponentTransfer", "feComposite", "feFlood", "feFuncA", "feFuncB"),
        *("feFuncG", "feFuncR", "feGaussianBlur", "feMerge", "feMergeNode", "feOffset", "feDropShadow"),
    )
)
#: What drawing programs write beside it, which means nothing to a browser.
_NOTES: Final = (
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "http://purl.org/dc/elements/1.1/",
    "http://creativecommons.org/ns#",
    "http://web.resource.org/cc/",
    "http://www.inkscape.org/namespaces/inkscape",
    "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd",
    "http://www.bohemiancoding.com/sketch/ns",
)
_BETWEEN: Final = " "
_TAG: Final = re.compile(rb"<([A-Za-z_][\w.-]*:)?svg[\s/>]")
#: The drawing itself among its parts; no id can be this one.
_ROOT: Final = " "
#: In a style: what loads something, and the escapes by which such a word could be written otherwise.
_LOADING: Final = re.compile(
    r"\\|@import|@font-face|@namespace|image-set|image\(|cross-fade|element\(|src\(", re.IGNORECASE
)
#: In a style sheet, whose rules may be for any number of elements: what is drawn for each of them anew.
_DRAWN_ANEW: Final = re.compile(r"mask|filter|clip-path", re.IGNORECASE)
#: A part that is named: `use` draws it again, others are drawn through it.
_NAMED: Final = re.compile(r"url\(\s*[\"']?#([^\"')\s]+)")
#: Times that parts are drawn again. Parts that name parts that name parts make a billion of them out of a kilobyte.
_DRAWN_AGAIN_MAX: Final = 2000
_PARTS_DEPTH_MAX: Final = 8
#: What is drawn with may stand elsewhere in the drawing, and nowhere else.
_ADDRESSED: Final = re.compile(r"url\((?!\s*[\"']?#)", re.IGNORECASE)


class _RefusedError(Exception):
    """The drawing could do more than be looked at."""


def is_drawing(content: bytes) -> bool:
    """True where the bytes are XML with an `svg` at its root, be it taken or not."""
    beginning = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    return beginning.startswith(b"<") and _TAG.search(content) is not None


def is_harmless(content: bytes) -> bool:
    """True for a drawing without document type, entities, instructions, script, style that loads, and address."""
    if len(content) > DRAWING_MAX_BYTES:
        return False
    try:
        # In another encoding a browser might read something else than we do.
        content.decode("utf-8")
        _Reader().read(content)
    except (UnicodeDecodeError, expat.ExpatError, _RefusedError):
        return False
    return True


class _Reader:
    """Reads a drawing to its end, or to the first thing that is refused."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._style: list[str] = []
        #: Of each open element its id, "" where it has none; and what is named within each that has one.
        self._ids: list[str] = []
        self._names: defaultdict[str, list[str]] = defaultdict(list)

    def read(self, content: bytes) -> None:
        parser = expat.ParserCreate(encoding="utf-8", namespace_separator=_BETWEEN)
        parser.buffer_text = True
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        for refused in (
            "StartDoctypeDeclHandler",
            "EntityDeclHandler",
            "ProcessingInstructionHandler",
            "ExternalEntityRefHandler",
            "SkippedEntityHandler",
        ):
            setattr(parser, refused, _refuse)
        parser.XmlDeclHandler = self._declared
        parser.Parse(content, True)
        if self._drawn_again(_ROOT, {}, 0) > _DRAWN_AGAIN_MAX:
            _refuse()

    def _drawn_again(self, part: str, known: dict[str, int], depth: int) -> int:
        """How many times parts are drawn for this one, with the parts in them."""
        if depth > _PARTS_DEPTH_MAX:
            _refuse()  # or it names itself
        if part not in known:
            known[part] = sum(1 + self._drawn_again(one, known, depth + 1) for one in self._names.get(part, ()))
        return known[part]

    @staticmethod
    def _declared(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in {"utf-8", "us-ascii"}:
            _refuse()

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(_BETWEEN)
        is_root = not self._open
        self._open.append(name)
        self._ids.append(_ROOT if is_root else attributes.get("id", ""))
        if len(self._open) > _DEPTH_MAX or (is_root and name != f"{_SVG}{_BETWEEN}svg"):
            _refuse()
        if namespace in _NOTES:
            return
        if namespace != _SVG or local not in _ELEMENTS:
            _refuse()
        for attribute, value in attributes.items():
            _check(attribute, value)
            named = [value.removeprefix("#")] if attribute.endswith("href") else _NAMED.findall(value)
            for part in filter(None, self._ids):
                self._names[part] += named

    def _end(self, name: str) -> None:
        self._open.pop()
        self._ids.pop()
        if name == f"{_SVG}{_BETWEEN}style":
            style = "".join(self._style)
            _check_style(style)
            if _DRAWN_ANEW.search(style):
                _refuse()
            self._style.clear()

    def _text(self, text: str) -> None:
        if self._open[-1] == f"{_SVG}{_BETWEEN}style":
            self._style.append(text)


def _refuse(*_: object) -> None:
    raise _RefusedError


def _check(attribute: str, value: str) -> None:
    namespace, _, local = attribute.rpartition(_BETWEEN)
    if namespace in _NOTES:
        return
    if namespace not in {"", _XLINK, _XML} or local.lower().startswith("on") or (namespace, local) == (_XML, "base"):
        _refuse()
    if local.lower() == "href" and not value.startswith("#"):
        _refuse()
    _check_style(value)


def _check_style(text: str) -> None:
    if _LOADING.search(text) or _ADDRESSED.search(text):
        _refuse()
