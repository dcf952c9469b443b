"""What stands after ``manage.py`` is text: bytes that are none are refused with a sentence, whatever the command."""

import subprocess
import sys

import pytest

from tests.gateway.stack.conftest import PROJECT

#: Not UTF-8 by themselves: a letter of Latin-1.
BYTES = b"Caf\xe9"
PERIOD = (b"--from", b"2026-01-01", b"--to", b"2026-02-01")


@pytest.mark.parametrize(
    "arguments",
    [
        (b"money", b"show", BYTES),
        (b"money", b"propose", b"product_funded", b"product=" + BYTES, b"--by", b"ada", b"--reason", b"June's money"),
        (b"statement", b"--product", BYTES, b"--mode", b"live", b"--currency", b"INR", *PERIOD, b"--file", b"x.csv"),
        (b"statement", b"--product", b"a", b"--mode", b"live", b"--currency", b"INR", *PERIOD, b"--file", BYTES),
        (b"seed", b"--local", BYTES),
        (b"fees", BYTES),
        (b"waiting", BYTES),
        (BYTES,),
    ],
    ids=lambda arguments: arguments[0].decode(errors="replace"),
)
def test_arguments_that_are_no_text_are_refused(arguments: tuple[bytes, ...]) -> None:
    answer = subprocess.run([sys.executable, "manage.py", *arguments], cwd=PROJECT, capture_output=True, check=False)
    refusal = b"CommandError: Write the arguments in UTF-8.\n"
    assert (answer.returncode, answer.stdout, answer.stderr) == (1, b"", refusal)


def test_letters_of_any_script_are_text() -> None:
    command: list[str | bytes] = [sys.executable, "manage.py", "statement", "--mode", "काफ़ी".encode()]
    answer = subprocess.run(command, cwd=PROJECT, capture_output=True, check=False)
    assert answer.returncode == 2
    assert "invalid choice: 'काफ़ी'".encode() in answer.stderr
