"""Our copies follow what the provider names: fetched by a worker, refreshed daily, put off after failures, dropped."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from gateway import after_commit
from gateway.providers import media_copies, media_fetching, tasks
from gateway.providers.media_files import MediaShape, Shown, address_of, addresses_of, digest_of
from gateway.providers.models import (
    MediaFailure,
    MediaFile,
    MediaHint,
    MediaKind,
    MediaType,
    ProviderAccount,
    SystemObservation,
)
from tests.gateway.loopback import serve
from tests.gateway.providers.media_samples import MP4, moving
from tests.gateway.providers.test_media_fetching import answering

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILM = "https://media.example/upi.mp4"
LOGO = "https://media.example/upi.svg"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is rung for, at once."""
    heard: list[str] = []
    monkeypatch.setattr(after_commit._ringer, "hand_over", lambda rings: heard.extend(task for task, _ in rings))
    return heard


Named = Callable[..., None]


@pytest.fixture
def named(account: ProviderAccount) -> Named:
    """Have the provider name files, each by a system of its own."""

    def name(*, logos: dict[str, datetime] | None = None, hints: dict[str, datetime] | None = None) -> None:
        SystemObservation.objects.update(logo="")  # no word on a system is ever deleted
        MediaHint.objects.all().delete()
        for number, (url, at) in enumerate((logos or {}).items()):
            SystemObservation.objects.update_or_create(
                account=account, code=f"s{number}", currency="INR", defaults={"logo": url, "seen_at": at}
            )
        for number, (url, at) in enumerate((hints or {}).items()):
            MediaHint.objects.create(account=account, code=f"s{number}", url=url, seen_at=at)

    return name


Worker = Callable[[Any], list[tuple[str, str]]]


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    """A round of work in which the outside answers as it is told to; gives what was asked for.

    The calls themselves are told elsewhere (`test_media_fetching.py`).
    """

    def work(answer: Any) -> list[tuple[str, str]]:
        asked = []

        def fetched(url: str, kind: MediaKind, _: Any) -> Any:
            asked.append((url, kind.value))
            return answer(url) if callable(answer) else answer

        monkeypatch.setattr(media_fetching, "fetched", fetched)
        tasks.fetch_media()
        return asked

    return work


def rows() -> dict[tuple[str, str], MediaFile]:
    return {(one.kind, one.url): one for one in MediaFile.objects.all()}


def test_every_file_that_is_named_has_a_row_and_no_other(
    named: Named, rung: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    named(logos={LOGO: NOW, "": NOW}, hints={FILM: NOW, LOGO: NOW})
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep_media()
    assert rung == ["gateway.providers.tasks.fetch_media"]
    # One address may be both.
    assert set(rows()) == {("logo", LOGO), ("hint", FILM), ("hint", LOGO)}
    assert {(one.named_at, one.next_at, one.size, one.failure) for one in rows().values()} == {(NOW, NOW, 0, "")}
    later = NOW + timedelta(hours=1)
    named(hints={FILM: later})
    before = rows()["hint", FILM].pk
    tasks.sweep_media()
    (row,) = rows().values()
    assert (row.pk, row.named_at, row.next_at) == (before, later, NOW)


def test_where_nothing_is_due_nobody_is_rung_for(
    named: Named, worker: Worker, rung: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    named(hints={FILM: NOW})
    tasks.sweep_media()
    worker((MP4, MediaType.MP4))
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep_media()
    assert rung == []


def test_the_newest_words_count_where_there_are_too_many(named: Named, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_copies, "FILES_MAX", 2)
    named(hints={f"https://media.example/{n}": NOW - timedelta(hours=n) for n in range(4)})
    tasks.sweep_media()
    assert {url for _, url in rows()} == {"https://media.example/0", "https://media.example/1"}


def test_a_file_is_kept_shown_and_refreshed_after_a_day(named: Named, worker: Worker) -> None:
    named(hints={FILM: NOW})
    tasks.sweep_media()
    assert address_of(FILM, MediaKind.HINT) is None
    assert worker((MP4, MediaType.MP4)) == [(FILM, "hint")]
    (row,) = rows().values()
    digest = hashlib.sha256(MP4).hexdigest()
    assert (bytes(row.content), row.content_digest, row.content_type, row.size) == (MP4, digest, "video/mp4", len(MP4))
    assert (row.fetched_at, row.failure, row.attempts, row.token) == (NOW, "", 0, None)
    assert address_of(FILM, MediaKind.HINT) == f"/pay/media/{digest}"
    assert address_of(FILM, MediaKind.LOGO) is None
    assert worker((MP4, MediaType.MP4)) == []
    assert row.next_at is not None
    assert NOW + timedelta(days=1) <= row.next_at <= NOW + timedelta(days=1.1)
    with time_machine.travel(row.next_at, tick=False):
        assert worker((moving(), MediaType.GIF)) == [(FILM, "hint")]
    assert address_of(FILM, MediaKind.HINT) == f"/pay/media/{hashlib.sha256(moving()).hexdigest()}"


def test_many_are_asked_for_with_one_query(named: Named, worker: Worker, django_assert_num_queries: Any) -> None:
    pictures = [f"https://media.example/{n}" for n in range(3)]
    named(hints=dict.fromkeys([FILM, *pictures], NOW))
    tasks.sweep_media()

    def answer(url: str) -> Any:
        if url == pictures[0]:
            return MediaFailure.REFUSED
        return (MP4, MediaType.MP4) if url == FILM else (url.encode(), MediaType.PNG)

    worker(answer)
    with django_assert_num_queries(1):
        shown = addresses_of([FILM, *pictures, "https://media.example/none"], MediaKind.HINT)
    assert set(shown) == {FILM, *pictures[1:]}
    assert shown[FILM] == Shown(address=f"/pay/media/{digest_of_bytes(MP4)}", kind=MediaShape.FILM)
    assert shown[pictures[1]].kind is MediaShape.PICTURE


def digest_of_bytes(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_failures_are_put_off_longer_each_time_and_the_former_copy_stays(named: Named, worker: Worker) -> None:
    named(hints={FILM: NOW})
    tasks.sweep_media()
    worker((MP4, MediaType.MP4))
    at = rows()["hint", FILM].next_at
    waited = []
    for _ in range(8):
        assert at is not None
        with time_machine.travel(at, tick=False):
            assert worker(MediaFailure.TIMED_OUT) == [(FILM, "hint")]
        row = rows()["hint", FILM]
        assert row.next_at is not None
        assert (row.failure, row.token, row.fetched_at) == ("timed_out", None, NOW)
        waited.append((row.next_at - at).total_seconds())
        at = row.next_at
    for seconds, delay in zip(waited, [60, 300, 1800, 7200, 21600, 43200, 43200, 43200], strict=True):
        assert delay <= seconds <= delay * 1.1
    assert bytes(row.content) == MP4
    assert address_of(FILM, MediaKind.HINT) is not None
    assert at is not None
    with time_machine.travel(at, tick=False):
        worker((moving(), MediaType.GIF))
    row = rows()["hint", FILM]
    assert (row.failure, row.attempts, bytes(row.content)) == ("", 0, moving())


def test_a_worker_that_lost_its_lease_writes_nothing(named: Named, worker: Worker) -> None:
    named(hints={FILM: NOW})
    tasks.sweep_media()
    for answer in ((MP4, MediaType.MP4), MediaFailure.BROKEN):

        def slow(_: str, answer: Any = answer) -> Any:
            MediaFile.objects.update(token="00000000-0000-0000-0000-000000000001")
            return answer

        worker(slow)
        (row,) = rows().values()
        assert (row.size, row.failure, row.fetched_at) == (0, "", None)
        MediaFile.objects.update(next_at=NOW)


def test_all_copies_have_room_for_those_that_were_named_last(
    named: Named, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_copies, "ALL_MAX_BYTES", 2 * len(MP4))
    urls = [f"https://media.example/{n}" for n in range(3)]

    def told(*, of: dict[str, int]) -> None:
        named(hints={url: NOW - timedelta(hours=hours) for url, hours in of.items()})
        tasks.sweep_media()

    told(of={urls[0]: 3, urls[1]: 1})
    worker((MP4, MediaType.MP4))
    assert set(addresses_of(urls, MediaKind.HINT)) == {urls[0], urls[1]}
    # What was named later than one of the others takes its room;
    told(of={urls[0]: 3, urls[1]: 1, urls[2]: 2})
    worker((MP4, MediaType.MP4))
    assert set(addresses_of(urls, MediaKind.HINT)) == {urls[1], urls[2]}
    dropped = rows()["hint", urls[0]]
    assert (dropped.failure, dropped.size, bytes(dropped.content), dropped.content_digest) == ("no_room", 0, b"", "")
    # what was not finds none.
    MediaFile.objects.filter(url=urls[0]).update(next_at=NOW)
    worker((MP4, MediaType.MP4))
    assert set(addresses_of(urls, MediaKind.HINT)) == {urls[1], urls[2]}
    assert rows()["hint", urls[0]].failure == "no_room"
    # One's own former copy makes room for its new one.
    MediaFile.objects.filter(url=urls[1]).update(next_at=NOW)
    worker((moving(), MediaType.GIF))
    assert rows()["hint", urls[1]].content_type == "image/gif"
    assert set(addresses_of(urls, MediaKind.HINT)) == {urls[1], urls[2]}


def test_the_database_refuses_half_a_copy() -> None:
    whole = {"content": b"x", "size": 1, "content_digest": "0" * 64, "content_type": MediaType.GIF}
    row = {"kind": MediaKind.HINT, "url": FILM, "url_digest": digest_of(FILM), "named_at": NOW}
    for missing in whole:
        with pytest.raises(IntegrityError), transaction.atomic():
            MediaFile.objects.create(**row, **{name: value for name, value in whole.items() if name != missing})
    MediaFile.objects.create(**row, **whole)
    with pytest.raises(IntegrityError), transaction.atomic():
        MediaFile.objects.create(**row)


def test_from_the_word_of_the_provider_to_the_phone(named: Named, client: Any, settings: Any) -> None:
    settings.LOCAL_STACK = True
    with serve(answering(moving())) as server:
        url = f"{server.address}/a.gif"
        named(hints={url: NOW})
        tasks.sweep_media()
        tasks.fetch_media()
    address = address_of(url, MediaKind.HINT)
    assert address is not None
    assert client.get(address).content == moving()
