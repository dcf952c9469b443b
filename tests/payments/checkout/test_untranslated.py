"""The finder of untranslated text finds it, wherever it hides, and nothing else."""

import pytest

from tests.payments.checkout.untranslated import foreign_words, untranslated


def page(body: str, language: str = "hi", direction: str = "ltr", head: str = "") -> str:
    return f'<!doctype html><html lang="{language}" dir="{direction}"><head>{head}</head><body>{body}</body></html>'


@pytest.mark.parametrize(
    ("html", "found"),
    [
        (page("<p>Pay now</p>"), ["<p>: Pay now"]),
        (page("<p>रकम: <b>amount</b></p>"), ["<b>: amount"]),
        (page("<p>पेमेंट <br>done <img src=a alt=रकम> पेमेंट</p>"), ["<p>: done"]),
        (page("", head="<title>Pay</title>"), ["<title>: Pay"]),
        (page("", head='<meta name="description" content="Pay here">'), ["<meta content>: Pay here"]),
        (page('<img src="/a.png" alt="A picture">'), ["<img alt>: A picture"]),
        (page('<img src="/a.png" alt="A picture"/>'), ["<img alt>: A picture"]),
        (page('<button title="Copy">रकम</button>'), ["<button title>: Copy"]),
        (page('<nav aria-label="Languages"></nav>'), ["<nav aria-label>: Languages"]),
        (page('<input placeholder="Your reference">'), ["<input placeholder>: Your reference"]),
        (page('<input type="submit" value="Send">'), ["<input value>: Send"]),
        (page('<track label="Subtitles">'), ["<track label>: Subtitles"]),
        (page('<button data-copied="Copied">रकम</button>'), ["<button data-copied>: Copied"]),
        (page("<noscript><p>Reload</p></noscript>"), ["<p>: Reload"]),
        (page("<ul><li>रकम<li>Open the app</ul>"), ["<li>: Open the app"]),
        (page('<p lang="en">In English <b lang="hi">in Hindi</b></p>'), ["<b>: in Hindi"]),
        (page('<a lang="bn">বাংলা</a><a lang="ur">Urdu</a>'), ["<a>: Urdu"]),
        (page("<p>বাংলা</p>"), ["<p>: বাংলা"]),
        (page("<p>পরিমাণ रकम</p>", "bn"), ["<p>: পরিমাণ रकम"]),
        (page("<p>हिन्दी</p>", "en"), ["<p>: हिन्दी"]),
        (page("<p>رقم amount</p>", "ur", "rtl"), ["<p>: رقم amount"]),
        (page("<p>رقم</p>", "ur"), ['<html>: dir="ltr" should be dir="rtl"']),
        (page("<p>रकम</p>", "en"), ["<p>: रकम"]),
    ],
)
def test_what_is_not_translated_is_found(html: str, found: list[str]) -> None:
    language = html.split('<html lang="', 1)[1][:2]

    assert untranslated(html, language) == found


def test_a_page_that_says_it_is_in_another_language_is_found() -> None:
    assert untranslated(page("<p>Pay</p>", "en"), "hi") == ['<html>: lang="en" should be lang="hi"']
    assert untranslated("<p>Pay</p>", "en") == ['<html>: lang="None" should be lang="en"']


@pytest.mark.parametrize(
    "html",
    [
        page("<p>UPI से पेमेंट करें। UTR डालें।</p>"),
        page("<p>PhonePe, UPI P2P (IB) या PayTM</p>"),
        page('<input type="text" name="reference" value="AB12CD" placeholder="AB12CD">'),
        page('<a href="/pay/abc?lang=en" lang="en">English</a> <a href="?lang=bn" lang="bn">বাংলা</a>'),
        page('<p>रकम: <span lang="">Account holder</span></p>'),
        page('<script src="/static/pay.js">var copied = 1;</script><style>body {color: red}</style>'),
        page("<p>Bazaar &amp; Sons: ₹1,000.00, 11:22 AM</p>"),
        page('<p class="amount" id="total" data-code="waiting">रकम</p>'),
        page("<p>a) रकम</p>"),
    ],
)
def test_values_and_what_everybody_knows_are_left_alone(html: str) -> None:
    assert untranslated(html, "hi", ["Bazaar & Sons", "AB12CD", "11:22 AM"]) == []


def test_a_value_excuses_no_longer_word() -> None:
    assert foreign_words("Pay payment Payment QRs", "hi", ["Pay"]) == ["payment", "Payment", "QRs"]
