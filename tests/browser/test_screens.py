"""The window is as strict as it says: each thing that is wrong with a page is found, and a good page is let pass."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Route

from tests.browser.screens import DESK, Screen, new_context

#: Nobody's: every request is answered by the test.
ORIGIN = "http://admin.test"

PAGE = """<!doctype html><html lang="en"><head><title>A page</title>{head}</head>
<body><main><h1>A page</h1>{body}</main></body></html>"""

Shown = Callable[..., Screen]


@pytest.fixture
def shown(browser: Browser) -> Iterator[Shown]:
    """A window, and what its server answers: a page with this in it, everything else empty or as it is told."""
    with contextlib.ExitStack() as opened:

        def make(body: str = "", head: str = "", **answers: int) -> Screen:
            context = opened.enter_context(new_context(browser, ORIGIN, DESK))

            def answer(route: Route) -> None:
                name = route.request.url.rpartition("/")[2]
                if name == "page":
                    headers = {"Content-Type": "text/html", "Content-Security-Policy": "script-src 'self'"}
                    route.fulfill(body=PAGE.format(head=head, body=body), headers=headers)
                elif name.endswith(".js"):
                    route.fulfill(body=SCRIPTS.get(name, ""), status=answers.get(name[:-3], 200))
                elif name == "nowhere":
                    route.abort("connectionrefused")
                else:
                    route.fulfill(body=".", status=answers.get(name, 200))

            context.route("**/*", answer)
            return Screen(context, ORIGIN, DESK)

        yield make


SCRIPTS = {"throws.js": "undefinedFunction()", "says.js": "console.error('something is wrong')"}

WRONG = {
    "a script throws": ('<script src="throws.js"></script>', "undefinedFunction is not defined"),
    "a script says so": ('<script src="says.js"></script>', "console: something is wrong"),
    "a script stands in the page": ("<script>let a = 1</script>", "Content Security Policy"),
    "it is wider than the window": ('<p style="width: 2000px">wide</p>', "pixels wide"),
    "a picture is not there": (
        '<img src="missing" alt="A picture">',
        "answered with 404: GET http://admin.test/missing",
    ),
    "a request fails": ('<img src="nowhere" alt="A picture">', "failed: GET http://admin.test/nowhere"),
    "it asks somebody else": ('<img src="http://elsewhere.test/a" alt="A picture">', "somebody else's server"),
    "a field has no label": ('<input type="text">', "label at ['input']"),
    "text is too pale": ('<p style="color: #ccc; background: #fff">pale</p>', "color-contrast at ['p']"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_page_is_found(shown: Shown, name: str) -> None:
    body, told = WRONG[name]
    screen = shown(body, missing=404)
    with pytest.raises(AssertionError) as found:
        screen.open("/page")
    assert told in str(found.value)
    assert len(str(found.value).splitlines()) == 1, "and nothing else is wrong"


def test_a_good_page_is_let_pass(shown: Shown) -> None:
    screen = shown('<p>Good.</p><a href="other">Other</a>')
    screen.open("/page")
    screen.close()


#: Whatever is wrong below, here in order.
ORDERLY = """<style>p { color: #333 } .pale { color: #333 } button { min-width: 3em }</style>
<h2>Fields</h2><label>Name <input></label><label>Sort <select><option>One</option></select></label>
<button>Go</button><a href="other">Other</a><img src="picture" alt="A picture"><p>Text</p><p class="pale">Text</p>
<ul><li>One</li></ul><h3>Table</h3><table><tr><th scope="col">Head</th></tr><tr><td>Cell</td></tr></table>"""
DISORDER = {
    "label": ("<label>Name <input></label>", "<label>Name</label> <input>"),
    "select-name": ("<label>Sort <select>", "<label>Sort</label> <label><select>"),
    "button-name": ("<button>Go</button>", "<button> </button>"),
    "link-name": (">Other</a>", "></a>"),
    "image-alt": (' alt="A picture"', ""),
    "color-contrast": (".pale { color: #333 }", ".pale { color: #bbb }"),
    "listitem": ("<ul><li>One</li></ul>", "<div><li>One</li></div>"),
    "nested-interactive": (">Go</button>", "><a href='/'>Go</a></button>"),
    "scrollable-region-focusable": (
        "<p>Text</p>",
        "<div style='height: 1em; overflow: auto'><p>Text</p><p>Text</p></div>",
    ),
    "aria-valid-attr-value": ("<button>", "<button aria-controls='nowhere' aria-expanded='true'>"),
    "aria-required-attr": ("<p>Text</p>", "<p role='slider'>Text</p>"),
}


def test_what_axe_has_judged_hides_nothing_that_it_has_not(shown: Shown, subtests: pytest.Subtests) -> None:
    screen = shown()
    screen.open("/page")
    for rule, (good, bad) in DISORDER.items():
        screen.page.set_content(PAGE.format(head="", body=ORDERLY))
        screen.look()
        # What axe has to find stands on a page that differs from a judged one in nothing else.
        screen.page.set_content(PAGE.format(head="", body=ORDERLY.replace(good, bad, 1)))
        with subtests.test(rule), pytest.raises(AssertionError, match=rule):
            screen.look()


def test_a_page_that_nobody_looked_at_fails(shown: Shown) -> None:
    screen = shown()
    screen.page.goto("/page")
    with pytest.raises(AssertionError, match="not looked at"):
        screen.close()


def test_another_status_than_expected_fails(shown: Shown) -> None:
    screen = shown(gone=404)
    with pytest.raises(AssertionError, match="404"):
        screen.open("/gone")
