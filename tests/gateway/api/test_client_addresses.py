"""Who is calling: the peer, unless a proxy of ours says otherwise, and never what the caller says of itself."""

import json
import logging
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st

from gateway import logs
from gateway.api.addresses import (
    ClientAddressMiddleware,
    client_address,
    is_within,
    networks_of,
    parse,
    parse_network,
    subscriber,
)
from gateway.products.actions import limit_key
from gateway.products.models import ApiKey
from tests.conftest import Api
from tests.gateway.api.refusals import assert_refused
from tests.house.test_settings import WANTED, start

PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48")]


def seen(peer: str, **headers: str) -> HttpRequest:
    """The request as a view sees it."""
    found: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        found.append(request)
        return HttpResponse(logs.client.get())

    answer = ClientAddressMiddleware(view)(RequestFactory().get("/", REMOTE_ADDR=peer, **headers))  # type: ignore[arg-type]
    (request,) = found
    address = client_address(request)
    assert answer.content.decode() == ("" if address is None else str(address))
    assert logs.client.get() == ""
    return request


def client(peer: str, forwarded: str | None = None) -> str:
    return str(client_address(seen(peer, **({} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}))))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1:443", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:192.0.2.1]:1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
    ],
)
def test_an_address_is_read_in_every_notation(written: str, meant: str) -> None:
    assert str(parse(written)) == meant


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", "unknown", "_hidden", "localhost", "192.0.2", "192.0.2.256", "192.0.2.01", "3221225985"),
        *("192.0.2.1:x", "192.0.2.1:123456", "192.0.2.1:١", "[192.0.2.1", "[2001:db8::1", "[2001:db8::1]443", "[]"),
        *("2001:db8::1]", "fe80::1%eth0", "[fe80::1%25eth0]", '"192.0.2.1"', "for=192.0.2.1", "1.1.1.1/8", "\0", "ü"),
        *("1" * 100_000, ":" * 100_000, "[" * 1000),
    ],
    ids=lambda text: ascii(text)[:24],
)  # fmt: skip
def test_what_is_no_address_is_none(written: str) -> None:
    assert parse(written) is None


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_none(text: str) -> None:
    parse(text)
    parse_network(text)


@pytest.mark.parametrize("forwarded", [None, "", "198.51.100.7", "10.0.0.1", "198.51.100.7, 10.0.0.1"])
def test_nobody_is_believed_where_no_proxy_is_named(settings: Any, forwarded: str | None) -> None:
    settings.TRUSTED_PROXIES = []
    assert client("203.0.113.9", forwarded) == "203.0.113.9"


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        # Not through a proxy of ours: the header is the caller's own invention.
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("11.0.0.1", "198.51.100.7", "11.0.0.1"),
        # Through one: its own entry is the last.
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7:5123", "198.51.100.7"),
        ("10.0.0.1", "[2001:db8::7]:5123", "2001:db8::7"),
        ("10.0.0.1:777", "198.51.100.7", "198.51.100.7"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:ffff::1", "2001:db8::7", "2001:db8::7"),
        # Through several.
        ("10.0.0.1", "198.51.100.7, 10.0.0.2,10.0.0.3", "198.51.100.7"),
        ("10.0.0.1", "10.9.9.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        # A caller inside our own network: the farthest that is known.
        ("10.0.0.1", "10.0.0.9", "10.0.0.9"),
        ("10.0.0.1", "10.0.0.9, 10.0.0.2", "10.0.0.9"),
        # What cannot be read says nothing about what stands before it.
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6, unknown", "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6, unknown, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.7,", "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6\x00", "10.0.0.1"),
        ("10.0.0.1", ",".join(["10.0.0.2"] * 100_000), "10.0.0.2"),
        # A socket without addresses is nobody's proxy.
        ("", "198.51.100.7", "None"),
        ("unix:", "198.51.100.7", "None"),
    ],
    ids=lambda text: ascii(text)[:40],
)
def test_the_rightmost_hop_that_is_no_proxy_of_ours_is_the_client(
    settings: Any, peer: str, forwarded: str | None, expected: str
) -> None:
    settings.TRUSTED_PROXIES = PROXIES
    assert client(peer, forwarded) == expected


@given(st.text(st.characters(codec="ascii"), max_size=60))
def test_whatever_stands_before_the_proxy_s_own_entry_changes_nothing(claimed: str) -> None:
    with override_settings(TRUSTED_PROXIES=PROXIES):
        assert client("10.0.0.1", f"{claimed}, 198.51.100.7") == "198.51.100.7"


@pytest.mark.parametrize(
    ("peer", "proto", "secure"),
    [
        ("10.0.0.1", "https", True),
        ("10.0.0.1", "HTTPS", True),
        ("10.0.0.1", "http, https", True),
        ("10.0.0.1", "https, http", False),
        ("10.0.0.1", "http", False),
        ("10.0.0.1", "on", False),
        ("10.0.0.1", "", False),
        ("203.0.113.9", "https", False),
        ("", "https", False),
    ],
)
def test_the_scheme_is_believed_of_a_proxy_of_ours_only(settings: Any, peer: str, proto: str, secure: bool) -> None:
    settings.TRUSTED_PROXIES = PROXIES
    assert seen(peer, HTTP_X_FORWARDED_PROTO=proto).is_secure() is secure


def test_an_ipv6_subscriber_is_one_caller() -> None:
    assert subscriber(parse("2001:db8:1:2:3::4")) == subscriber(parse("2001:db8:1:2:ffff::")) == "2001:db8:1:2::/64"
    assert subscriber(parse("2001:db8:1:3::4")) == "2001:db8:1:3::/64"
    assert subscriber(parse("192.0.2.1")) == subscriber(parse("::ffff:192.0.2.1")) == "192.0.2.1"
    assert subscriber(None) == "None"


def test_a_list_of_networks_is_never_wider_than_it_was_meant() -> None:
    networks = networks_of(("192.0.2.0/24", "192.0.2.1/24", "anywhere", "", "2001:db8::/32"))
    assert [str(one) for one in networks] == ["192.0.2.0/24", "2001:db8::/32"]
    assert not is_within(None, networks_of(("0.0.0.0/0", "::/0")))
    assert not is_within(parse("192.0.2.1"), networks_of(()))
    assert not is_within(parse("2001:db8::1"), networks_of(("0.0.0.0/0",)))


@pytest.mark.parametrize("networks", ["10.0.0.1/8", "10.0.0.0/33", "proxy.internal", "*"])
def test_a_wrong_list_of_proxies_is_told_at_the_start(networks: str) -> None:
    ended = start({**WANTED, "TRUSTED_PROXIES": networks})
    assert ended.returncode != 0
    assert networks in ended.stderr


def test_a_list_of_proxies_is_read_from_the_environment() -> None:
    ended = start(
        {**WANTED, "TRUSTED_PROXIES": "10.0.0.0/8,2001:db8::/32"},
        "from django.conf import settings\nprint(*settings.TRUSTED_PROXIES)",
    )
    assert ended.stdout.split() == ["10.0.0.0/8", "2001:db8::/32"], ended.stderr


# The list of networks of a key.


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        ("192.0.2.1", 200),
        ("::ffff:192.0.2.255", 200),
        ("2001:db8::99", 200),
        ("192.0.3.1", 401),
        ("2001:db9::1", 401),
        ("", 401),
    ],
)
def test_a_key_with_networks_works_there_only(api: Api, peer: str, status: int) -> None:
    limit_key(ApiKey.objects.get().pk, calls_per_minute=None, networks=["192.0.2.0/24", "2001:db8::/32"])
    answer = api.client.get("/api/v1/deposits", REMOTE_ADDR=peer)
    assert answer.status_code == status


def test_a_key_from_elsewhere_is_answered_as_an_unknown_one(api: Api, new_api: Callable[..., Api]) -> None:
    unknown = Api("pk_test_" + "a" * 43).client.get("/api/v1/deposits", REMOTE_ADDR="198.51.100.7")
    limit_key(ApiKey.objects.get().pk, calls_per_minute=None, networks=["192.0.2.0/24"])
    answer = api.client.get("/api/v1/deposits", REMOTE_ADDR="198.51.100.7")
    document = assert_refused(answer, 401, "authentication_failed")
    assert {**document, "request_id": ""} == {**unknown.json(), "request_id": ""}
    assert answer.headers["WWW-Authenticate"] == unknown.headers["WWW-Authenticate"]


def test_a_key_s_networks_are_those_of_the_client_behind_the_proxy(api: Api, settings: Any) -> None:
    settings.TRUSTED_PROXIES = PROXIES
    limit_key(ApiKey.objects.get().pk, calls_per_minute=None, networks=["192.0.2.0/24"])

    def ask(peer: str, forwarded: str) -> int:
        answer = api.client.get("/api/v1/deposits", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
        return int(answer.status_code)

    assert ask("10.0.0.1", "192.0.2.5") == 200
    assert ask("10.0.0.1", "192.0.2.5, 198.51.100.7") == 401
    assert ask("198.51.100.7", "192.0.2.5") == 401


def test_a_network_that_cannot_be_read_lets_nobody_in(api: Api) -> None:
    ApiKey.objects.update(allowed_networks=["anywhere"])
    assert api.get("deposits").status_code == 401
    ApiKey.objects.update(allowed_networks=["anywhere", "127.0.0.0/8"])
    assert api.get("deposits").status_code == 200


def test_log_lines_name_the_client(api: Api, caplog: pytest.LogCaptureFixture, settings: Any) -> None:
    settings.TRUSTED_PROXIES = PROXIES
    with caplog.at_level(logging.INFO):
        body = {"payment_system": "upi_l", "currency": "INR", "amount": "1.00", "customer": "1", "reference": "1"}
        answer = api.post(
            "deposits", {**body, "amount": "1000.00"}, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.5"
        )
    assert answer.status_code == 201, answer.content
    lines = [json.loads(record.message) for record in caplog.records if record.name == "gateway.moving"]
    lines = [line for line in lines if line["id"].startswith("dep_")]  # not those of the money at the beginning
    assert [line["client"] for line in lines] == ["192.0.2.5"] * len(lines) != []
