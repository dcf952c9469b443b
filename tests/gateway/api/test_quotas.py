"""How often a key may call, how often an address may fail, and that a dead Redis stops nobody."""

import itertools
import logging
import os
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from redis import Redis
from rest_framework.test import APIClient

from gateway.api import authentication, quotas
from gateway.products.actions import limit_key
from gateway.products.models import ApiKey, Mode, Product, new_key
from tests.conftest import Api
from tests.gateway.api.bodies import deposit_body
from tests.gateway.api.refusals import assert_refused, nothing_changes

CALLS = '"calls";q={};w=60'
FAILURES = '"failed-authentications";q={};w=60'


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    # Each test has an hour of its own, for all count in one Redis; 45 seconds before the end of a minute.
    hour = secrets.randbelow(10**6) * 3600
    with time_machine.travel(1_772_366_415 + hour, tick=False) as traveller:
        yield traveller


@pytest.fixture
def address(settings: Any) -> str:
    """An address that no other test calls from, where three failures a minute are allowed."""
    settings.FAILED_AUTHENTICATIONS_PER_MINUTE = 3
    return f"198.18.{secrets.randbelow(256)}.{secrets.randbelow(256)}"


def limited(api: Api, calls: int | None) -> None:
    limit_key(ApiKey.objects.get(prefix=_key(api)[:12]).pk, calls_per_minute=calls, networks=[])


def _key(api: Api) -> str:
    header: str = api.client._credentials["HTTP_AUTHORIZATION"]  # type: ignore[attr-defined]
    return header.removeprefix("Bearer ")


def told(answer: Any) -> tuple[int, str | None, str | None, str | None]:
    headers = answer.headers
    policy, left = headers.get("RateLimit-Policy"), headers.get("RateLimit")
    return answer.status_code, policy, left, headers.get("Retry-After")


# Calls with a key.


def test_every_call_of_a_key_is_counted_and_told(api: Api) -> None:
    limited(api, 3)
    policy = CALLS.format(3)
    assert told(api.get("deposits")) == (200, policy, '"calls";r=2;t=45', None)
    assert told(api.get("deposits", nonsense="1")) == (400, policy, '"calls";r=1;t=45', None)
    assert told(api.client.put("/api/v1/deposits")) == (405, policy, '"calls";r=0;t=45', None)
    with nothing_changes():
        answer = api.post("deposits", deposit_body())
        assert told(answer) == (429, policy, '"calls";r=0;t=45', "45")
        assert_refused(answer, 429, "too_many_requests")


def test_the_next_minute_is_a_new_one(api: Api, clock: Any) -> None:
    limited(api, 1)
    answers = []
    for seconds in (0, 44, 1, 59, 1):
        clock.shift(seconds)
        answers.append(told(api.get("deposits"))[0::2])
    assert answers == [
        (200, '"calls";r=0;t=45'),
        (429, '"calls";r=0;t=1'),
        (200, '"calls";r=0;t=60'),
        (429, '"calls";r=0;t=1'),
        (200, '"calls";r=0;t=60'),
    ]


def test_each_key_has_its_own_count(api: Api, product: Product, new_api: Callable[..., Api]) -> None:
    limited(api, 1)
    other = new_api(product)
    assert api.get("deposits").status_code == 200
    assert api.get("deposits").status_code == 429
    assert other.get("deposits").status_code == 200


@pytest.mark.parametrize("own", [None, 0])
def test_a_key_without_a_limit_of_its_own_has_the_service_s(api: Api, settings: Any, own: int | None) -> None:
    settings.API_CALLS_PER_MINUTE = 2
    ApiKey.objects.update(rate_limit_per_minute=own)
    assert [api.get("deposits").status_code for _ in range(3)] == [200, 200, 429]
    limited(api, 4)
    assert [api.get("deposits").status_code for _ in range(2)] == [200, 429]


def test_the_service_s_own_limit_is_one_that_no_waiting_caller_reaches(api: Api, settings: Any) -> None:
    assert settings.API_CALLS_PER_MINUTE == 30_000
    assert told(api.get("deposits"))[1:3] == (CALLS.format(30_000), '"calls";r=29999;t=45')


def test_calls_at_the_same_time_are_all_counted(api: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        used = list(pool.map(lambda _: quotas.count("test", "somebody", 100).used, range(200)))
    assert sorted(used) == list(range(1, 201))


@pytest.mark.parametrize(("limit", "taken"), [(1_000, 11), (1_999, 11), (2_000, 12), (5_000, 15), (30_000, 30)])
def test_of_a_large_limit_a_thousandth_is_taken_at_once(limit: int, taken: int) -> None:
    who = secrets.token_hex(8)
    assert [quotas.count("test", who, limit).used for _ in range(11)] == list(range(1, 12))
    client: Any = quotas._storage().get_connection()
    (name,) = client.keys(f"quota:test:{who}:*")
    assert int(client.get(name)) == taken


def test_another_process_takes_other_numbers_of_a_large_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [quotas.count("test", "shared", 5_000).used for _ in range(2)] == [1, 2]
    with monkeypatch.context() as other_process:
        other_process.setattr(quotas, "_taken", {})
        assert [quotas.count("test", "shared", 5_000).used for _ in range(6)] == [6, 7, 8, 9, 10, 11]
    assert [quotas.count("test", "shared", 5_000).used for _ in range(4)] == [3, 4, 5, 16]


def test_what_was_taken_ends_with_its_minute(clock: Any) -> None:
    assert [quotas.count("test", "ends", 5_000).used for _ in range(2)] == [1, 2]
    clock.shift(45)
    assert [quotas.count("test", "ends", 5_000).used for _ in range(6)] == [1, 2, 3, 4, 5, 6]


def test_no_number_of_a_large_limit_is_given_twice() -> None:
    with ThreadPoolExecutor(8) as pool:
        used = list(pool.map(lambda _: quotas.count("test", "many", 3_000).used, range(600)))
    assert len(set(used)) == 600
    assert max(used) <= 600 + 8 * 3  # each thread may hold a block of three that nobody has used up


def test_processes_together_let_no_more_through_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = 0
    for _ in range(2_400):
        monkeypatch.setattr(quotas, "_taken", {})  # each call in a process of its own
        passed += not quotas.count("test", "spread", 2_000).is_exceeded
    assert passed == 1_000


def test_a_process_forgets_what_it_has_taken_of_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "_REMEMBERED_MAX", 3)
    for number in range(4):
        assert quotas.count("test", f"one of many {number}", 5_000).used == 1
    assert len(quotas._taken) == 1


def test_a_key_over_its_limit_is_told_to_us_once(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    limited(api, 1)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            api.get("deposits")
    assert caplog.text.count("api_key_over_its_limit") == 1
    assert _key(api)[:20] not in caplog.text


@pytest.mark.parametrize("path", ["/health/", "/docs/problems/", "/api/v1/nothing"])
def test_what_needs_no_key_is_not_counted(db: None, path: str) -> None:
    assert "RateLimit" not in APIClient().get(path).headers


# Failures of an address.


def try_key(address: str, key: str | None = None) -> Any:
    return APIClient().get(
        "/api/v1/deposits", HTTP_AUTHORIZATION=f"Bearer {key or new_key(Mode.TEST)}", REMOTE_ADDR=address
    )


def test_an_address_that_fails_too_often_is_refused_without_a_look(
    db: None, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    policy = FAILURES.format(3)
    with caplog.at_level(logging.WARNING):
        assert [told(try_key(address)) for _ in range(3)] == [
            (401, policy, f'"failed-authentications";r={left};t=45', None) for left in (2, 1, 0)
        ]
        with CaptureQueriesContext(connection) as queries:
            assert told(try_key(address)) == (429, policy, '"failed-authentications";r=0;t=45', "45")
        assert len(queries) == 1  # the one that told this process
        with CaptureQueriesContext(connection) as queries:
            for _ in range(20):
                assert_refused(try_key(address), 429, "too_many_requests")
        assert len(queries) == 0
    assert caplog.text.count("too_many_failed_authentications") == 1
    assert address in caplog.text


def test_a_right_guess_from_a_barred_address_is_refused_like_all_others(api: Api, address: str) -> None:
    for _ in range(4):
        try_key(address)
    wrong = try_key(address).json()
    right = api.client.get("/api/v1/deposits", REMOTE_ADDR=address)
    assert {**assert_refused(right, 429, "too_many_requests"), "request_id": ""} == {**wrong, "request_id": ""}


def test_a_key_that_was_good_before_goes_on_working_beside_somebody_who_tries_keys(api: Api, address: str) -> None:
    """Products may share a proxy with whoever tries keys."""
    assert api.client.get("/api/v1/deposits", REMOTE_ADDR=address).status_code == 200
    for _ in range(5):
        try_key(address)
    assert api.client.get("/api/v1/deposits", REMOTE_ADDR=address).status_code == 200
    ApiKey.objects.update(revoked_at="2026-01-01T00:00:00Z")
    assert [api.client.get("/api/v1/deposits", REMOTE_ADDR=address).status_code for _ in range(2)] == [429, 429]


def test_the_bar_is_lifted_with_the_minute(api: Api, address: str, clock: Any) -> None:
    for _ in range(5):
        try_key(address)
    clock.shift(44)
    assert told(try_key(address))[0::3] == (429, "1")
    clock.shift(1)
    assert try_key(address).status_code == 401
    assert api.client.get("/api/v1/deposits", REMOTE_ADDR=address).status_code == 200


def test_no_key_at_all_counts_as_well_and_other_addresses_do_not(db: None, address: str) -> None:
    bare = [APIClient().get("/api/v1/deposits", REMOTE_ADDR=address).status_code for _ in range(4)]
    assert bare == [401, 401, 401, 429]
    assert try_key("198.19.0.1").status_code == 401


def test_one_subscriber_of_ipv6_is_one_address(db: None, address: str) -> None:
    prefix = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}"
    statuses = [try_key(f"{prefix}:{number:x}::1").status_code for number in range(1, 6)]
    assert statuses == [401, 401, 401, 429, 429]


def test_what_a_process_remembers_has_an_end(db: None, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "_REMEMBERED_MAX", 10)
    memory: dict[str, None] = {}
    for number in range(25):
        authentication._remember(memory, str(number), None)
        assert len(memory) <= 10
    authentication._remember(memory, "24", None)
    assert "24" in memory


# Redis.


@pytest.fixture
def unforgiven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a silence nor a connection is left from another test, or for one."""
    monkeypatch.setattr(quotas, "_silent_until", 0.0)
    quotas._storage.cache_clear()


@pytest.fixture
def silent_redis(settings: Any, unforgiven: None) -> Iterator[str]:
    """One that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
    quotas._storage.cache_clear()


def test_with_a_dead_redis_everybody_passes(api: Api, settings: Any, unforgiven: None) -> None:
    limited(api, 1)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    try:
        answers = [told(api.get("deposits")) for _ in range(3)]
    finally:
        quotas._storage.cache_clear()
    assert answers == [(200, CALLS.format(1), '"calls";r=1;t=45', None)] * 3


def test_a_redis_that_hangs_delays_one_call_and_no_other(
    api: Api, settings: Any, silent_redis: str, caplog: pytest.LogCaptureFixture
) -> None:
    api.get("deposits")  # whatever a first call loads
    settings.REDIS_URL = silent_redis
    quotas._storage.cache_clear()
    with time_machine.travel(time.time(), tick=True), caplog.at_level(logging.WARNING):
        began = time.monotonic()
        assert quotas.count("test", "one", 1).used == 0
        first = time.monotonic() - began
        began = time.monotonic()
        for _ in range(1000):
            quotas.count("test", "two", 1)
        rest = time.monotonic() - began
    assert 0.05 < first < 1  # a wait of 0.1 s
    assert rest < 0.1
    assert caplog.text.count("quotas_not_counted") == 1


def test_redis_is_asked_again_after_some_seconds(
    settings: Any, clock: Any, monkeypatch: pytest.MonkeyPatch, unforgiven: None
) -> None:
    good = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert quotas.count("test", "again", 1).used == 0
    settings.REDIS_URL = good
    quotas._storage.cache_clear()
    monkeypatch.setattr(quotas, "_silent_until", quotas._silent_until - 4.9)
    assert quotas.count("test", "again", 1).used == 0
    monkeypatch.setattr(quotas, "_silent_until", quotas._silent_until - 0.2)
    assert quotas.count("test", "again", 1).used == 1


def test_a_connection_that_redis_closed_is_opened_anew(db: None) -> None:
    quotas.count("test", "closed", 1)
    client: Any = quotas._storage().get_connection()
    # By id: others talk to the same server.
    with Redis.from_url(os.environ["REDIS_URL"]) as other:
        other.client_kill_filter(_id=str(client.client_id()))
    assert quotas.count("test", "closed", 1).used == 2


def test_a_count_is_one_question_and_leaves_nothing_for_longer_than_its_minute(db: None) -> None:
    quotas.count("test", "warm", 1)  # the script is loaded with the first
    client: Any = quotas._storage().get_connection()
    # By a client that waits for as long as it takes.
    with Redis.from_url(os.environ["REDIS_URL"]) as watching, watching.monitor() as monitor:
        quotas.count("test", "kept", 1)
        client.echo("that was all")
        told = list(itertools.takewhile(lambda one: "that was all" not in one["command"], monitor.listen()))
    # Others talk to the same server. One question; the statements of its script are told, too.
    about = [one["command"].split() for one in told if "quota:test:kept:" in one["command"]]
    assert [words[0].lower() for words in about] == ["evalsha", "incrby", "expire"]
    (name,) = client.keys("quota:test:kept:*")
    assert re.fullmatch(rb"quota:test:kept:\d+", name)
    assert 0 < client.ttl(name) <= 60
