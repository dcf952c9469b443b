import contextlib
import io
import os
import re
import threading

from gateway.stack.console import Console

PIPE_AND_QUEUE_LINES = 8_000  # more than both hold


def test_lines_carry_their_service_and_no_secret() -> None:
    stream = io.StringIO()
    console = Console(stream, ["a secret key", "a secret key and more", "short"])
    console.hide("hidden later")
    console.line("web", "a secret key and more; a secret key; hidden later; short")
    console.say("a secret key")
    console.close()
    assert stream.getvalue() == "web      | [hidden]; [hidden]; [hidden]; short\na secret key\n"


def test_a_reader_who_stops_reading_holds_nobody_up_and_is_told_what_was_missed() -> None:
    read_end, write_end = os.pipe()
    read: list[str] = []
    with os.fdopen(read_end) as reader:
        with os.fdopen(write_end, "w") as stream:
            console = Console(stream, [])
            for number in range(PIPE_AND_QUEUE_LINES):
                console.line("web", f"line {number:>80}")
            late = threading.Thread(target=lambda: read.extend(reader))
            late.start()
            console.close()
        late.join()
    notes = [int(found[1]) for line in read if (found := re.match(r"\((\d+) lines were not shown", line))]
    shown = [line for line in read if line.startswith("web")]
    assert notes
    assert sum(notes) + len(shown) == PIPE_AND_QUEUE_LINES


def test_a_reader_who_left_holds_nobody_up() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with contextlib.suppress(BrokenPipeError), os.fdopen(write_end, "w") as stream:
        console = Console(stream, [])
        for _ in range(PIPE_AND_QUEUE_LINES):
            console.say("anybody?")
        console.close()
