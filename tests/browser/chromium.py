"""A Chromium for the browser tests: one that is there, or one that can be installed here.

``python -m tests.browser.chromium`` (``make browser``, and the beginning of a whole ``make test``) says which one it
is, installs one where there is none, and ends with 1 where that did not work. The tests themselves install nothing.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

#: What is there by this name starts. First Debian's browser without windows: a whole one draws a window around each
#: page, which nobody sees, and takes half as much time again. Then Debian's and Fedora's whole ones, and Google's own.
_SHELLS: Final = ("chromium-headless-shell",)
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Where Playwright keeps browsers of its own, likewise.
_OWN_SHELLS: Final = (
    "chromium_headless_shell-*/*/chrome-headless-shell",
    "chromium_headless_shell-*/*/headless_shell",
)
_OWN: Final = ("chromium-*/*/chrome",)
#: A browser tells its version at once; a stub that would first fetch one from a shop does not.
_VERSION_SECONDS: Final = 20

#: A server that does not answer is given up after ten seconds, and asked once.
_APT: Final = (
    *("apt-get", "-y", "-q", "-o", "Acquire::Retries=0", "-o", "DPkg::Lock::Timeout=30"),
    *("-o", "Acquire::http::Timeout=10", "-o", "Acquire::https::Timeout=10"),
)
#: Not every system has the first. Without a font all letters of a picture are boxes.
_PACKAGES: Final = (("chromium-headless-shell", "fonts-dejavu-core"), ("chromium", "fonts-dejavu-core"))
_LISTS_SECONDS: Final = 60
#: A hundred megabytes, on a slow line.
_INSTALL_SECONDS: Final = 240
_PLAYWRIGHT: Final = (sys.executable, "-m", "playwright")
_CONNECT_MILLISECONDS: Final = "10000"

#: With this in the environment a missing browser is a failure: a pipeline that skips proves nothing.
REQUIRED: Final = os.environ.get("BROWSER_TESTS") == "required"

MISSING: Final = (
    "THE BROWSER TESTS WERE SKIPPED: no Chromium starts here. Install one (as root on Debian: apt-get install chromium"
    " fonts-dejavu-core; elsewhere: .venv/bin/playwright install chromium), see that `make browser` finds it, and run"
    " `make test ARGS=tests/browser`."
)


def find() -> Path | None:
    """The first browser that is there and starts."""
    return next(filter(_starts, _places()), None)


def _places() -> Iterator[Path]:
    kept = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    for names, patterns in ((_SHELLS, _OWN_SHELLS), (_NAMES, _OWN)):
        yield from (Path(found) for name in names if (found := shutil.which(name)))
        # Of several the last, which is the newest as long as their numbers have as many digits.
        yield from (found for pattern in patterns for found in sorted(kept.glob(pattern), reverse=True))


def _starts(browser: Path) -> bool:
    try:
        asked = subprocess.run(
            [browser, "--version"], capture_output=True, stdin=subprocess.DEVNULL, timeout=_VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def install() -> Path | None:
    """Try what can be tried here, in the order of how well the system looks after it later."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        # Slim systems come without lists of packages, others with old ones.
        if not _installed_one() and _done(*_APT, "update", seconds=_LISTS_SECONDS):
            _installed_one()
        if found := find():
            return found
    if not _done(*_PLAYWRIGHT, "install", "--only-shell", "--no-progress", "chromium"):
        return None
    # It comes without the libraries that it needs; root can have them installed where it knows the system.
    if (found := find()) is None and os.geteuid() == 0:
        _done(*_PLAYWRIGHT, "install-deps", "chromium")
    return found or find()


def _installed_one() -> bool:
    return any(_done(*_APT, "install", "--no-install-recommends", *packages) for packages in _PACKAGES)


def _done(*command: str, seconds: int = _INSTALL_SECONDS) -> bool:
    _say(f"Trying: {' '.join(command)}")
    environment = {
        **os.environ,
        "DEBIAN_FRONTEND": "noninteractive",
        "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": _CONNECT_MILLISECONDS,
    }
    try:
        ended = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=seconds, check=False, text=True, errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        _say(f"Given up after {seconds} seconds.")
        return False
    if ended.returncode != 0:
        lines = [line.strip() for line in ended.stdout.splitlines() if line.strip()]
        why = next((line for line in lines if line.startswith(("E:", "Error"))), (lines or ["it does not say why"])[-1])
        _say(f"It did not work: {why[:200]}")
    return ended.returncode == 0


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what a person at the terminal waits for


def main() -> int:
    """Say which browser it is, and install one before where it takes that."""
    if found := find() or install():
        _say(f"The browser tests use {found}.")
        return 0
    _say(MISSING.replace("WERE SKIPPED", "CANNOT RUN" if REQUIRED else "WILL BE SKIPPED"))
    return 1


if __name__ == "__main__":
    sys.exit(main())
