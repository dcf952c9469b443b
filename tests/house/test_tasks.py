"""What is rung for, what runs by itself, and who hears it: names in strings that no type checker follows."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.celery import app

ROOT = Path(__file__).resolve().parents[2]
APPS = ("gateway", "balances", "payments", "withdrawals", "postbacks")


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    app.loader.import_default_modules()


def sources() -> Iterator[Path]:
    for name in APPS:
        yield from (ROOT / name).rglob("*.py")


def rung_for() -> dict[str, Path]:
    """The first argument of every ``ring(…)`` of the project, constants looked up, with the file it stands in."""
    found = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "ring":
                continue
            name = node.args[0]
            if isinstance(name, ast.Constant):
                found[str(name.value)] = path
            else:
                assert isinstance(name, ast.Name), f"{path}: {ast.dump(name)}"
                module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
                found[str(getattr(module, name.id))] = path
    return found


def own_tasks() -> set[str]:
    return {name for name in app.tasks if name.startswith(APPS)}


def queue_of(task: str) -> str:
    route = app.amqp.router.route({}, task)
    return str(route["queue"].name)


def listened_to() -> set[str]:
    """The queues that the local stack's workers are started with."""
    source = (ROOT / "gateway/stack/services.py").read_text()
    named = re.findall(r'worker\("[a-z-]+", "([a-z,-]+)"', source)
    assert named
    return {queue for one in named for queue in one.split(",")}


def test_every_ring_names_a_task() -> None:
    names = rung_for()
    assert len(names) >= 8
    assert {name: path for name, path in names.items() if name not in own_tasks()} == {}


def test_everything_that_runs_by_itself_is_a_task_and_runs_often_enough() -> None:
    schedule = app.conf.beat_schedule
    assert len(schedule) >= 7
    for entry in schedule.values():
        assert entry["task"] in own_tasks()
        # A tick that nobody took is not kept for later: the next one does the same work.
        assert 0 < entry["schedule"] <= entry["options"]["expires"]


def test_every_sweep_and_every_clock_is_in_the_schedule() -> None:
    by_itself = {name for name in own_tasks() if re.search(r"\.(sweep|observe|forget|end|take|count)_", name)}
    assert by_itself == {entry["task"] for entry in app.conf.beat_schedule.values()}


def test_every_task_is_rung_for_or_runs_by_itself() -> None:
    assert own_tasks() == set(rung_for()) | {entry["task"] for entry in app.conf.beat_schedule.values()}


def test_every_task_has_a_route_of_its_own_to_a_queue_that_somebody_hears() -> None:
    routed = [re.compile(name.replace(".", r"\.").replace("*", ".*")) for name in app.conf.task_routes]
    for task in own_tasks():
        assert any(one.fullmatch(task) for one in routed), task
        assert queue_of(task) in listened_to(), task
    assert {entry["queue"] for entry in app.conf.task_routes.values()} == listened_to()


def test_money_out_shares_its_queue_with_nothing() -> None:
    assert {task for task in own_tasks() if queue_of(task) == "money-out"} == {
        "withdrawals.tasks.send_withdrawal",
        "withdrawals.tasks.send_withdrawals",
        "withdrawals.tasks.probe_waiting",  # sends, too
        "withdrawals.tasks.send_again",
    }


def test_no_task_is_timed_or_retried_by_the_queue() -> None:
    for path in sources():
        if "stack" not in path.parts:
            assert not re.search(r"\b(countdown|eta|apply_async|autoretry_for)\s*[=(]", path.read_text()), path
