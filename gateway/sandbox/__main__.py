"""`python -m gateway.sandbox`: serve until SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from types import FrameType
from typing import Final

from gateway.sandbox import server, snapshot
from gateway.sandbox.provider import Provider
from gateway.sandbox.settings import Settings, SettingsError

# How long the server may take to notice that it shall stop; the whole stack waits for it.
STOP_POLL_SECONDS: Final = 0.05


def main() -> int:
    """Run the sandbox.

    Returns:
        The exit status: 0 after a clean stop, 2 for unusable settings or state.
    """
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="%(asctime)s sandbox %(message)s", datefmt="%H:%M:%S"
    )
    try:
        provider = Provider.build(Settings.from_environment(os.environ))
    except (SettingsError, snapshot.BrokenSnapshotError) as error:
        logging.getLogger("gateway.sandbox").error("%s", error)  # noqa: TRY400 - a trace says nothing to the reader
        return 2
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    http_server = server.make(provider)
    provider.start()
    serving = threading.Thread(target=http_server.serve_forever, args=(STOP_POLL_SECONDS,), name="server", daemon=True)
    serving.start()
    logging.getLogger("gateway.sandbox").info("listening on http://%s:%d", provider.settings.host, http_server.port)
    stopping.wait()
    # First no new orders, then no new outcomes, then the last snapshot: nothing accepted is forgotten.
    http_server.shutdown()
    serving.join()
    provider.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
