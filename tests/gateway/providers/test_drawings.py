"""Which drawings are taken: what logos are made of passes, and whatever could do more than be looked at does not."""

import pytest

from gateway.providers.drawings import DRAWING_MAX_BYTES, is_drawing, is_harmless

NS = 'xmlns="http://www.w3.org/2000/svg"'
XLINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'


def svg(inside: str, attributes: str = "") -> bytes:
    return f"<svg {NS} {XLINK} {attributes}>{inside}</svg>".encode()


HARMLESS = {
    "shapes": svg('<title>A</title><g fill="red"><path d="M0 0L1 1"/><circle r="3"/></g>', 'viewBox="0 0 9 9"'),
    "declared": b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- drawn by hand -->\n' + svg("<rect/>"),
    "byte order mark": b"\xef\xbb\xbf" + svg("<rect/>"),
    "gradient": svg(
        '<defs><linearGradient id="g"><stop offset="0" stop-color="#fff"/></linearGradient></defs>'
        '<rect fill="url(#g)" style="stroke:url( \'#g\' )"/>'
    ),
    "style sheet": svg("<style>.a{fill:url(#g)}@media print{.a{fill:red}}</style><rect class='a'/>"),
    "used again": svg('<defs><path id="p" d="M0 0"/></defs><use xlink:href="#p"/><use href="#p" x="3"/>'),
    "a prefix": b'<s:svg xmlns:s="http://www.w3.org/2000/svg"><s:rect/></s:svg>',
    "notes of a drawing program": svg(
        '<metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:li rdf:resource="http://a.example"/>'
        "</rdf:RDF></metadata>"
    ),
    "characters": svg("<text>&lt;script&gt; &#169; &amp; বিকাশ</text>"),
    "character data": svg("<text><![CDATA[<script>alert(1)</script>]]></text>"),
}

HARMFUL = {
    "script": svg("<script>alert(1)</script>"),
    "script with a prefix": svg('<s:script xmlns:s="http://www.w3.org/2000/svg">1</s:script>'),
    "HTML": svg('<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>'),
    "HTML among notes": svg('<metadata><h:img xmlns:h="http://www.w3.org/1999/xhtml" src="x"/></metadata>'),
    "no namespace": b"<svg><rect/></svg>",
    "another namespace": b'<svg xmlns="http://www.w3.org/1999/xhtml"/>',
    "foreignObject": svg("<foreignObject/>"),
    "image": svg('<image href="https://a.example/x.png"/>'),
    "image inside": svg('<image href="data:image/png;base64,AAAA"/>'),
    "link": svg('<a href="#x"><rect/></a>'),
    "animation": svg('<set attributeName="href" to="https://a.example"/>'),
    "event": svg("<rect/>", 'onload="alert(1)"'),
    "event in capitals": svg("<rect/>", 'ONLOAD="alert(1)"'),
    "used from elsewhere": svg('<use href="https://a.example/x.svg#p"/>'),
    "used by data": svg('<use xlink:href="data:image/svg+xml,x#p"/>'),
    "used by a path": svg('<use href="/pay/media/x#p"/>'),
    "script address": svg('<use href="javascript:alert(1)"/>'),
    "style that loads": svg("<style>rect{fill:url(https://a.example/x.svg#g)}</style>"),
    "style in two pieces": svg("<style>rect{fill:ur<![CDATA[l(https://a.example)]]>}</style>"),
    "style by entity": svg("<style>rect{fill:&#117;rl(https://a.example)}</style>"),
    "style with an escape": svg("<style>rect{fill:\\75rl(https://a.example)}</style>"),
    "import": svg("<style>@import 'https://a.example/x.css';</style>"),
    "font": svg("<style>@font-face{font-family:x;src:local(x)}</style>"),
    "image set": svg("<style>rect{fill:image-set('https://a.example/x')}</style>"),
    "attribute that loads": svg('<rect fill="url(https://a.example/x.svg#g)"/>'),
    "attribute that loads, quoted": svg("<rect style='filter:url(\"//a.example/x.svg#g\")'/>"),
    "filter for all": svg('<style>*{filter:url(#f)}</style><filter id="f"/>'),
    "base": svg("<rect/>", 'xml:base="https://a.example/"'),
    "unknown attribute": svg("<rect/>", 'xmlns:e="http://www.w3.org/2001/xml-events" e:event="x"'),
    "document type": b"<!DOCTYPE svg>" + svg("<rect/>"),
    "entity": b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg("<text>&a;</text>"),
    "a billion laughs": b'<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + svg("&b;"),
    "file": b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + svg("<text>&x;</text>"),
    "unknown entity": svg("<text>&nbsp;</text>"),
    "style sheet instruction": b'<?xml-stylesheet href="https://a.example/x.css"?>' + svg("<rect/>"),
    "instruction inside": svg("<?php echo 1 ?>"),
    "another encoding": b'<?xml version="1.0" encoding="UTF-7"?>' + svg("<rect/>"),
    "sixteen bits": svg("<rect/>").decode().encode("utf-16"),
    "not UTF-8": svg("<text>\u00e9</text>").decode().encode("latin-1"),
    "cut off": svg("<rect/>")[:-3],
    "two roots": svg("<rect/>") + svg("<rect/>"),
    "something behind": svg("<rect/>") + b"<script>",
    "nothing": b"",
    "no drawing": b"<html><svg/></html>",
    "deep": svg("<g>" * 64 + "</g>" * 64),
    "large": svg("<g/>" * (DRAWING_MAX_BYTES // 4)),
    "names itself": svg('<g id="a"><use href="#a"/></g>'),
    "name each other": svg('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'),
    "a billion parts": svg(
        '<path id="p0" d="M0 0"/>'
        + "".join(f'<g id="p{n + 1}">' + f'<use href="#p{n}"/>' * 10 + "</g>" for n in range(7))
        + '<use href="#p7"/>'
    ),
    "a billion masks": svg(
        '<mask id="m0"><rect/></mask>'
        + "".join(f'<mask id="m{n + 1}">' + f'<rect mask="url(#m{n})"/>' * 10 + "</mask>" for n in range(7))
        + '<rect mask="url(#m7)"/>'
    ),
}


@pytest.mark.parametrize("content", HARMLESS.values(), ids=HARMLESS)
def test_what_logos_are_made_of_is_taken(content: bytes) -> None:
    assert is_drawing(content)
    assert is_harmless(content)


@pytest.mark.parametrize("content", HARMFUL.values(), ids=HARMFUL)
def test_what_could_do_more_is_refused(content: bytes) -> None:
    assert not is_harmless(content)


def test_a_part_may_be_drawn_again_many_times_but_not_without_end() -> None:
    several = '<path id="p" d="M0 0"/>' + '<use href="#p"/>' * 2000
    assert is_harmless(svg(several))
    assert not is_harmless(svg(several + '<use href="#p"/>'))
    chain = "".join(f'<g id="p{n + 1}"><use href="#p{n}"/></g>' for n in range(8)) + '<path id="p0"/>'
    assert is_harmless(svg(chain.replace("p8", "q")))


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"svg", b"<!doctype html><p>", b"\x00<svg", b"{}", b"<html>", b"<svgs/>"]
)
def test_other_bytes_are_no_drawing(content: bytes) -> None:
    assert not is_drawing(content)
