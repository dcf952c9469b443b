"""``make manage``: what a person needs to run ``manage.py`` against a stack, and nothing that only its owner needs."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.stack.leftovers import MARK_VARIABLE
from tests.gateway.stack.conftest import PROJECT, StackStarter

#: What Django needs to start is the stack's to know, not the shell's.
TOLD = (
    "DATABASE_URL",
    "MIGRATION_DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "FIELD_ENCRYPTION_KEYS",
    "SEARCH_HASH_KEYS",
)


def manage(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    shell = {name: value for name, value in os.environ.items() if name not in TOLD}
    return subprocess.run(
        [sys.executable, "-m", "gateway.stack.manage", *arguments],
        cwd=PROJECT,
        env=shell | {"STACK_DIR": str(directory), "MIGRATION_DATABASE_URL": "postgres://owner@elsewhere/of-another"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_command_runs_while_the_stack_does_and_after(start_stack: StackStarter) -> None:
    stack = start_stack()
    assert stack.info
    file = stack.directory / "environment.json"
    kept = json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert kept["DATABASE_URL"] == stack.info["database_url"]
    # A command that carried the mark would be ended with the stack's processes; the owner alone migrates.
    assert not {MARK_VARIABLE, "MIGRATION_DATABASE_URL", "PATH"} & kept.keys()

    running = manage(stack.directory, "money", "verbs")
    assert (running.returncode, running.stderr) == (0, "")
    assert "product_funded: " in running.stdout

    stack.finish(signal.SIGINT)
    assert json.loads(file.read_text()) == kept
    stopped = manage(stack.directory, "money", "verbs")
    assert (stopped.returncode, stopped.stdout) == (0, running.stdout)
    assert stopped.stderr == (
        f"The stack on {stack.directory} is not running: what needs its database will not find it.\n"
    )


def test_a_command_hears_and_answers_as_if_typed(start_stack: StackStarter) -> None:
    stack = start_stack()
    assert stack.info
    refused = manage(stack.directory, "money", "show", "two words")
    assert (refused.returncode, refused.stderr) == (1, "CommandError: There is no instruction 'two words'.\n")
    # Without a broker that it knows, the bell waits some seconds and says that it failed; the sweeps do the rest.
    ring = "from gateway.after_commit import ring; ring('withdrawals.tasks.sweep_withdrawals')"
    rung = manage(stack.directory, "shell", "--no-imports", "-c", ring)
    assert (rung.returncode, rung.stdout, rung.stderr) == (0, "", "")


def test_where_no_stack_was_a_sentence_says_so(tmp_path: Path) -> None:
    answer = manage(tmp_path / "none", "money", "verbs")
    sentence = f"No stack was started on {tmp_path / 'none'}. Type `make up` first, or name its STACK_DIR.\n"
    assert (answer.returncode, answer.stdout, answer.stderr) == (1, "", sentence)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_another_users_stack_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "environment.json").touch(mode=0o000)
    answer = manage(tmp_path, "money", "verbs")
    sentence = f"The stack on {tmp_path} belongs to another user, who alone may read its keys.\n"
    assert (answer.returncode, answer.stdout, answer.stderr) == (1, "", sentence)
