"""Becomes another program that dies with its parent, as another user if asked; run as a script, not imported.

    python -I -S child.py PARENT_PID DEATH_SIGNAL USER N PATH_1 ... PATH_N PROGRAM [ARGUMENT ...]

``USER`` is ``uid:gid`` or ``-`` (stay who we are); the N paths are those the program has to reach as that
user.

It is a program of its own because the alternative, ``preexec_fn``, runs Python between fork and exec of a
process that has threads, and may deadlock there.
"""

import ctypes
import os
import sys
from typing import Final

# Numbers of the Linux ABI: <linux/prctl.h> and <linux/capability.h>.
_PR_SET_PDEATHSIG: Final = 1
_PR_GET_SECUREBITS: Final = 27
_PR_SET_SECUREBITS: Final = 28
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_RAISE: Final = 2
_SECBIT_NO_SETUID_FIXUP: Final = 4
_CAP_DAC_OVERRIDE: Final = 1
_CAP_DAC_READ_SEARCH: Final = 2
_CAPABILITY_VERSION_3: Final = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Capabilities(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _prctl(option: int, *arguments: int) -> int:
    # The kernel refuses some options unless every unused argument is a long zero.
    padded = [*arguments, 0, 0, 0, 0][:4]
    return _check(_libc.prctl(option, *(ctypes.c_ulong(argument) for argument in padded)))


def _keep_only_reach() -> None:
    """Keep one capability through exec: to walk through directories that the new user may not enter.

    The lesser of the two suffices (the program owns what it writes); containers often grant only the greater.
    """
    header = _Header(_CAPABILITY_VERSION_3, 0)
    held = (_Capabilities * 2)()
    _check(_libc.capget(ctypes.byref(header), ctypes.byref(held)))
    wanted = next(
        (cap for cap in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE) if held[0].permitted & 1 << cap),
        None,
    )
    if wanted is None:
        raise PermissionError("it lies where its user may not go, and root has no capability to let it")
    bit = 1 << wanted
    kept = (_Capabilities * 2)(_Capabilities(bit, bit, bit), _Capabilities(0, 0, 0))
    _check(_libc.capset(ctypes.byref(header), ctypes.byref(kept)))
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, wanted)


def _become(uid: int, gid: int, reach: list[str]) -> None:
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, 0)  # for a look only: access() answers for the real user
    reachable = all(os.access(path, os.R_OK | os.X_OK) for path in reach)
    os.setresuid(0, 0, 0)
    if not reachable:
        # Capabilities survive the change of user, and count when the program itself asks access(): it does.
        _prctl(_PR_SET_SECUREBITS, _prctl(_PR_GET_SECUREBITS) | _SECBIT_NO_SETUID_FIXUP)
    os.setresuid(uid, uid, uid)
    if not reachable:
        _keep_only_reach()


def main(arguments: list[str]) -> None:
    """Prepare this process and replace it by the program."""
    parent, death_signal, user, count, *rest = arguments
    reach, command = rest[: int(count)], rest[int(count) :]
    try:
        if user != "-":
            uid, gid = (int(part) for part in user.split(":"))
            _become(uid, gid, reach)
        # After the change of user, which clears it.
        _prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != int(parent):
            sys.exit(1)  # the parent died before we were bound to it
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted, and the command is our own
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
