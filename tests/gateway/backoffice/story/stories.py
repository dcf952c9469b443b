"""Stories as a reader sees them: what their entries say, in the order in which they stand on the page."""

import re
from html import unescape

_TITLE = re.compile(r'<p class="story-title">(.*?)</p>', re.DOTALL)


def chunks(page: str) -> list[tuple[str, str]]:
    """(kind, its HTML) of each entry of the timeline."""
    _, _, timeline = page.partition('id="timeline"')
    timeline, _, _ = timeline.partition("</ol>")
    parts = re.split(r'<li class="story-(?:entry|gap)" data-kind="([a-z]+)"', timeline)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()


def entries(page: str) -> list[str]:
    """Each entry by its title, its word first: ``Status created → awaiting payment``."""
    return [plain(_TITLE.findall(html)[0]) for _, html in chunks(page) if _TITLE.findall(html)]


def of_kind(page: str, kind: str) -> str:
    """Everything that is told of a kind."""
    return "".join(html for one, html in chunks(page) if one == kind)
