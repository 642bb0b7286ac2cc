"""Become the right user, tie our life to the parent's, then become the given program.

Run as a script by a fresh interpreter, never imported by the service: changing the user and the
user namespace between fork and exec of a process with threads is not safe, and a namespace can
be left only by a process with one thread.

    python -I -S launch.py <parent pid> <self|user|namespace> <uid> <gid> <folder> <program> ...
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000


def main(arguments: list[str]) -> None:
    """Do it; whatever fails ends the process with a text on standard error."""
    parent, kind, uid, gid, folder, *command = arguments
    _forget_signals()
    if kind == "user":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    elif kind == "namespace":
        _enter_namespace(int(uid), int(gid))
    if os.geteuid() == 0:
        sys.exit("Postgres refuses to run as root, and we are still root.")
    # Only now: the kernel forgets a parent-death signal when the user changes.
    _die_with(int(parent))
    os.umask(0o077)
    os.chdir(folder)
    os.execv(command[0], command)  # noqa: S606 - there is no shell, which is the point


def _forget_signals() -> None:
    """Undo what a parent may have ignored or blocked, which exec would hand on.

    A shell starts background jobs with SIGINT ignored: until the server sets its own handler,
    the parent-death signal would be lost for ever.
    """
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _enter_namespace(uid: int, gid: int) -> None:
    """Look like `uid` from inside, while the kernel still sees the same user outside."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWUSER)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer_uid} 1"),
        ("gid_map", f"{gid} {outer_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(text)


def _die_with(parent: int) -> None:
    """Ask for SIGINT, Postgres's fast shutdown, when the parent dies.

    Not SIGQUIT: the checkpoint of a fast shutdown writes at most shared_buffers, while recovery
    after an immediate one may replay all of max_wal_size before the next start is ready.
    """
    _call("prctl", _PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
    # A parent that died before the call will never send the signal.
    if os.getppid() != parent:
        sys.exit("The process that asked for Postgres is gone.")


def _call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*(ctypes.c_ulong(argument) for argument in arguments)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as reason:
        sys.exit(f"Postgres could not be launched: {reason}")
