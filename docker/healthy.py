#!/usr/bin/env python3
"""Whether this container does its work; its exit code is the answer (the images have no curl).

python docker/healthy.py http://127.0.0.1:8000/health/    a GET there is answered with 200
python docker/healthy.py payouts                          the Celery worker of that name, here, answers
"""

import os
import socket
import sys
import urllib.request
from pathlib import Path
from typing import Final

#: One answer on this machine; an answer that takes longer is none.
_ANSWER_SECONDS: Final = 5.0


def _server_answers(url: str) -> bool:
    # Under a name that the server is known by, or it would refuse to be asked.
    known = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip()
    named = {} if known in {"", "*"} else {"Host": known}
    # No proxy is on the way to ourselves.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(urllib.request.Request(url, headers=named), timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - ours
        return bool(answer.status == 200)  # noqa: PLR2004 - HTTP OK


def _worker_answers(name: str) -> bool:
    from gateway.celery import app  # noqa: PLC0415 - the sandbox has no Celery, and asks by URL

    whole = f"{name}@{socket.gethostname()}"
    return whole in (app.control.inspect([whole], timeout=_ANSWER_SECONDS).ping() or {})


def main(subject: str) -> int:
    """0 if it answers, 1 with a sentence if it does not."""
    try:
        answers = _server_answers(subject) if "://" in subject else _worker_answers(subject)
    except OSError as error:
        sys.stderr.write(f"{subject}: {error}\n")
        return 1
    if not answers:
        sys.stderr.write(f"{subject} does not answer.\n")
    return 0 if answers else 1


if __name__ == "__main__":
    # Started by its path, Python would look for our packages beside this file.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    sys.exit(main(sys.argv[1]))
