import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django.fixtures import Settings

from gateway.public_addresses import Unusable, addresses_of, is_allowed, system_resolver
from gateway.webhooks.addresses import objection_to
from gateway.webhooks.sending import post
from tests.gateway.webhooks.receiver import Receiver, saying

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808"]
LOOPBACK = ["127.0.0.1", "127.8.9.10", "::1"]
NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 - an attack, not a binding
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "169.254.169.254", "192.0.0.8",
    "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "192.88.99.1", "168.63.129.16",
    "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001:db8::1", "2001:0:4136:e378::1", "2002:7f00:1::1", "3fff::1",
    "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip


def resolving(*addresses: str) -> Callable[[str, int], list[str]]:
    return lambda *_: list(addresses)


@pytest.mark.parametrize("text", PUBLIC)
def test_https_may_go_to_public_addresses_and_http_nowhere(text: str) -> None:
    assert is_allowed(ipaddress.ip_address(text), scheme="https")
    assert not is_allowed(ipaddress.ip_address(text), scheme="http")


@pytest.mark.parametrize("text", NOT_PUBLIC + LOOPBACK)
def test_nothing_goes_to_any_other_address(text: str) -> None:
    assert not is_allowed(ipaddress.ip_address(text), scheme="https")
    assert not is_allowed(ipaddress.ip_address(text), scheme="http")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_local_stack_adds_loopback_and_only_that(settings: Settings, scheme: str) -> None:
    settings.LOCAL_STACK = True
    assert all(is_allowed(ipaddress.ip_address(text), scheme=scheme) for text in LOOPBACK)
    assert not any(is_allowed(ipaddress.ip_address(text), scheme=scheme) for text in NOT_PUBLIC)
    assert is_allowed(ipaddress.ip_address("8.8.8.8"), scheme=scheme) == (scheme == "https")


def test_one_forbidden_address_forbids_the_name() -> None:
    url = httpx.URL("https://hooks.example.com/")
    found = addresses_of(url, resolver=resolving("8.8.8.8", "10.0.0.1"), within_seconds=1)
    assert found is Unusable.FORBIDDEN


def test_a_resolver_that_hangs_is_left_alone() -> None:
    let_go = threading.Event()

    def hanging(*_: object) -> list[str]:
        let_go.wait(10)
        return ["8.8.8.8"]

    found = addresses_of(httpx.URL("https://hooks.example.com/"), resolver=hanging, within_seconds=0.05)
    let_go.set()
    assert found is Unusable.NO_ADDRESS


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "127.1", "0", "localhost", "127.0.0.1", "[::ffff:127.0.0.1]"]
)
def test_the_systems_own_readings_of_loopback_are_forbidden(receiver: Receiver, settings: Settings, host: str) -> None:
    settings.LOCAL_STACK = False
    made = post(url=f"https://{host}:{receiver.port}/", body=b"{}", headers={}, resolver=system_resolver)
    assert (made.outcome, made.http_status) == ("forbidden_address", None)
    assert receiver.letters == []


def rebinding(*answers: str) -> tuple[Callable[[str, int], list[str]], list[str]]:
    """A resolver that answers differently each time, and the names that it was asked for."""
    asked: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        asked.append(host)
        return [answers[len(asked) - 1]]

    return resolve, asked


def test_a_name_that_answers_differently_the_second_time_is_asked_once(receiver: Receiver) -> None:
    resolver, asked = rebinding("127.0.0.1", "10.0.0.1")
    made = post(url=f"http://evil.example.com:{receiver.port}/x", body=b"{}", headers={}, resolver=resolver)
    assert made.outcome == "delivered"
    assert asked == ["evil.example.com"]
    [letter] = receiver.letters
    assert letter.headers["host"] == f"evil.example.com:{receiver.port}"


def test_a_name_that_turns_private_is_refused_at_the_next_attempt(receiver: Receiver, settings: Settings) -> None:
    settings.LOCAL_STACK = False
    resolver, asked = rebinding("127.0.0.1", "8.8.8.8")
    made = post(url=f"https://evil.example.com:{receiver.port}/", body=b"{}", headers={}, resolver=resolver)
    assert made.outcome == "forbidden_address"
    assert asked == ["evil.example.com"]
    assert receiver.letters == []


def test_a_redirect_to_a_private_address_is_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 302, {"location": "http://169.254.169.254/latest/meta-data/"}
    made = post(url=receiver.url, body=b"{}", headers={}, resolver=resolving("127.0.0.1"))
    assert (made.outcome, made.http_status) == ("redirected", 302)
    assert len(receiver.letters) == 1


def test_the_next_address_is_tried_where_the_first_refuses(receiver: Receiver) -> None:
    made = post(
        url=f"http://two.example.com:{receiver.port}/", body=b"{}", headers={},
        resolver=resolving("127.0.0.9", "127.0.0.1"),
    )  # fmt: skip
    assert made.outcome == "delivered"


def test_no_proxy_of_the_environment_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    made = post(url=receiver.url, body=b"{}", headers={}, resolver=resolving("127.0.0.1"))
    assert made.outcome == "delivered"


def test_tls_names_the_host_and_an_untrusted_server_hears_nothing(settings: Settings, tmp_path: Path) -> None:
    settings.LOCAL_STACK = True
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.com")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    named: list[str | None] = []
    context.sni_callback = lambda _, host, __: named.append(host)
    heard: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                heard.append(secured.recv(65_536))
        except OSError:
            return

    with saying(serve) as port:
        made = post(url=f"https://hooks.example.com:{port}/", body=b"{}", headers={}, resolver=resolving("127.0.0.1"))
    assert (made.outcome, made.http_status) == ("unreachable", None)
    assert named == ["hooks.example.com"]
    assert [data for data in heard if data] == []


GOOD_URLS = [
    "https://example.com",
    "https://shop.example.com/webhooks?source=gateway",
    "https://shop.example.com:8443/a%20b",
    "https://shop.example.com?to=a@b",
    "https://8.8.8.8/",
    "https://[2606:4700::1111]/",
    "https://xn--bcher-kva.example.com/",
    "https://shop.example.com./",
]
BAD_URLS = [
    "", " ", "x", "/x", "//example.com", "example.com", "https://", "https:///x", "https:example.com",
    "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)", "gopher://example.com/",
    "https://user@example.com/", "https://user:word@example.com/", "https://@example.com/", "https://:@example.com/",
    "https://example.com/#part", "https://example.com/#", "https://example.com\\@127.0.0.1/",
    "https://example.com:0/", "https://example.com:65536/", "https://example.com:x/", "https://example.com:-1/",
    "https://exa mple.com/", "https://example.com/\n", "https://example.com/\t", "https://ex\u00e4mple.com/",
    "https://\u217e.com/", "https://localhost/", "https://a.localhost/", "https://LOCALHOST./", "https://intranet/",
    "https://db.internal/", "https://metadata.google.internal/", "https://printer.local/",
    "https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/",
    "https://0/", "https://1.2.3.0x4/", "https://0.0.0.0/", "https://10.0.0.1/", "https://169.254.169.254/",
    "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[64:ff9b::7f00:1]/",
    "https://[fe80::1%25eth0]/", "https://[::1", "https://a..example.com/", "https://.example.com/",
    "https://-a.example.com/", "https://a%2eexample.com/", "https://%31%32%37.0.0.1/", "https://" + "a" * 64 + ".com/",
    "https://a,b.example.com/", "http://localhost/", "http://127.0.0.1:9000/",
]  # fmt: skip


@pytest.mark.parametrize("url", GOOD_URLS)
def test_a_good_address(url: str) -> None:
    assert objection_to(url) is None


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_bad_address_gets_a_sentence(url: str) -> None:
    objection = objection_to(url)
    assert objection is not None
    assert objection.endswith(".")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/x", "http://localhost/", "https://localhost/", "http://[::1]/"])
def test_the_local_stack_takes_loopback(settings: Settings, url: str) -> None:
    assert objection_to(url) is not None
    settings.LOCAL_STACK = True
    assert objection_to(url) is None


@pytest.mark.parametrize("url", [*BAD_URLS[:-2], "http://10.0.0.1/", "http://a.localhost/", "http://127.1/"])
def test_the_local_stack_takes_nothing_else(settings: Settings, url: str) -> None:
    settings.LOCAL_STACK = True
    if url not in {"https://localhost/", "https://127.0.0.1/", "https://[::1]/"}:
        assert objection_to(url) is not None


@pytest.mark.parametrize("host", ["xn--", "xn--a", "xn--a.example", "xn--zzzzzzzz99999.example"])
def test_a_name_that_only_looks_international_is_refused(host: str) -> None:
    assert objection_to(f"https://{host}/hooks") == "This is no URL."
    assert objection_to("https://xn--bcher-kva.example/hooks") is None
