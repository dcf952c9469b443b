"""What ends in a header, a link or a page is refused unless it is exactly what it should be."""

import pytest
from pytest_django.fixtures import Settings

from gateway.products.brand_rules import origin_objection, support_address

GOOD = [
    "https://shop.example",
    "https://shop.example:8443",
    "https://a.b-c.shop.example",
    "https://xn--bcher-kva.example",
    "https://1st.example",
    f"https://{'a' * 63}.example",
]
BAD = [
    *("", "*", "https://*", "https://*.shop.example", "https:", "https://", "shop.example", "//shop.example", "'self'"),
    *("https://shop.example/", "https://shop.example/pay", "https://shop.example?", "https://shop.example#x"),
    *("https://Shop.example", "HTTPS://shop.example", "https://shop.example:0", "https://shop.example:65536"),
    *("https://shop.example:*", "https://shop.example:", "https://u@shop.example", "https://u:p@shop.example"),
    *("https://shop.example; script-src *", "https://shop.example,https://b.example", "https://shop.example\n"),
    *(
        "https://shop.example https://b.example",
        "https://shop.example\t",
        "https://shop\u3002example",
        "https://bücher.example",
    ),
    *(
        "data:",
        "blob:",
        "http://shop.example",
        "ftp://shop.example",
        "https://shop",
        "https://127.0.0.1",
        "https://[::1]",
    ),
    *(
        "https://-shop.example",
        "https://shop-.example",
        "https://shop..example",
        "https://shop.example.",
        "https://.example",
    ),
    *(f"https://{'a' * 64}.example", f"https://{'a.' * 126}example", "http://localhost:8000", "https://localhost"),
]


@pytest.mark.parametrize("text", GOOD)
def test_an_origin_is_taken(text: str) -> None:
    assert origin_objection(text) is None


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_origin_is_refused_in_words(text: str) -> None:
    said = origin_objection(text)
    assert said is not None
    assert said.startswith(f"{text}: ")


def test_the_local_stack_may_be_framed_by_loopback_and_by_no_other_http(settings: Settings) -> None:
    settings.LOCAL_STACK = True
    assert origin_objection("http://localhost:8000") is None
    assert origin_objection("http://127.0.0.1:8000") is None
    assert origin_objection("https://shop.example") is None
    for text in ("http://shop.example", "http://127.0.0.2", "http://localhost.shop.example", "http://10.0.0.1:8000"):
        assert origin_objection(text) is not None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://shop.example/help?from=pay#top", "https://shop.example/help?from=pay#top"),
        ("help@shop.example", "mailto:help@shop.example"),
        ("mailto:help+pay@shop.example", "mailto:help+pay@shop.example"),
    ],
)
def test_an_address_of_help_is_kept_as_a_link_has_it(text: str, kept: str) -> None:
    assert support_address(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        *(
            "http://shop.example/help",
            "javascript:alert(1)",
            "data:text/html,x",
            "tel:123",
            "//shop.example",
            "https://",
        ),
        *(
            "https://u:p@shop.example/",
            "https://shop.example/\\evil",
            'https://shop.example/"x',
            "https://shop.example/<x>",
        ),
        *("https://shop.example/a b", "https://shop.example/\n", "https://shop", "HTTPS://shop.example"),
        *("help", "help@", "@shop.example", "help@shop", "a@b.example?subject=x", "mailto:a@b.example?bcc=c@d.example"),
        *("a@b.example,c@d.example", "a%0ab@b.example", "mailto:mailto:a@b.example", "ä@b.example", "a@bücher.example"),
        *('"a b"@b.example', "a@b.example\n", "mailto:", "a'b@b.example"),
    ],
)
def test_what_is_no_address_of_help_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Write an https URL"):
        support_address(text)
