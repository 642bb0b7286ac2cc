"""Where a person's API key comes from. It is never an argument, and never printed."""

import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec import Struct

from ledger.cli.command_error import CommandError

T = TypeVar("T")

_SERVICE: Final = "ledger"
_TOKEN: Final = re.compile(r"[\x21-\x7e]{8,512}")
_OF_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_FILE_MAX: Final = 4_096
_OTHER_PLACES: Final = "name a file with --key-file (readable by you alone), or set LEDGER_API_KEY"


class Credential(Struct, frozen=True):
    """A key, and where it was found; showing one shows only the latter."""

    key: str
    source: str

    def __repr__(self) -> str:
        return f"Credential({self.source})"


def find_credential(url: str, key_file: Path | None, environ: Mapping[str, str]) -> Credential:
    """The key for a ledger: from a file, the environment, or the keyring, the first there is.

    Raises CommandError, naming all three, when there is none.
    """
    if key_file is not None:
        return Credential(read_key_file(key_file), f"the file {key_file}")
    from_environment = environ.get("LEDGER_API_KEY")
    if from_environment:
        return Credential(_checked(from_environment, "LEDGER_API_KEY"), "LEDGER_API_KEY")
    why_not = "the keyring has none for this address: `ledger login` puts it there"
    try:
        stored = _with_ring(lambda ring: ring.get_password(_SERVICE, url))
    except _NoRingError as error:
        stored, why_not = None, str(error)
    if stored:
        return Credential(_checked(stored, "the key in the keyring"), "the keyring")
    raise CommandError(f"there is no API key for {url}: {_OTHER_PLACES}; {why_not}")


def read_key_file(path: Path) -> str:
    """The key in a file. Raises CommandError if others may read it, or it holds no key."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        # A pipe, such as a shell's <(…), has no readers but us.
        if stat.S_ISREG(status.st_mode) and status.st_mode & _OF_OTHERS:
            mode = stat.S_IMODE(status.st_mode)
            raise CommandError(
                f"{path} can be used by others (its mode is {mode:04o}): `chmod 600 {path}`, and "
                "think about who may have read the key"
            )
        raw = file.read(_FILE_MAX)
    return _checked(raw.decode("utf-8", "replace").strip(), str(path))


def store_key(url: str, key: str) -> None:
    """Put a key into the keyring. Raises CommandError where none can be used."""
    text = _checked(key, "what was entered")
    try:
        _with_ring(lambda ring: ring.set_password(_SERVICE, url, text))
    except _NoRingError as error:
        raise CommandError(f"{error}: {_OTHER_PLACES}") from None


def forget_key(url: str) -> bool:
    """Take a key out of the keyring; whether there was one. Raises CommandError likewise."""
    try:
        return _with_ring(lambda ring: _forgotten(ring, url))
    except _NoRingError as error:
        raise CommandError(str(error)) from None


def _forgotten(ring: Any, url: str) -> bool:  # noqa: ANN401 - an optional module
    if ring.get_password(_SERVICE, url) is None:
        return False
    ring.delete_password(_SERVICE, url)
    return True


def _checked(key: str, source: str) -> str:
    if _TOKEN.fullmatch(key) is None:
        raise CommandError(
            f"{source} is no API key: one is a single line of 8 to 512 visible ASCII characters"
        )
    return key


class _NoRingError(Exception):
    """No keyring can be used; the message says why."""


def _with_ring(use: Callable[[Any], T]) -> T:
    """The result of `use`, called with the keyring. Raises _NoRingError where none can be used."""
    try:
        import keyring  # noqa: PLC0415 - optional, and slow to import
        from keyring.errors import KeyringError  # noqa: PLC0415 - likewise
    except ImportError:
        raise _NoRingError(
            "there is no keyring: the package keyring is not installed (ledger[admin] brings it)"
        ) from None
    # The backend that stands in where there is none has a priority of 0.
    if keyring.get_keyring().priority <= 0:
        raise _NoRingError("there is no keyring: this machine has none that can be used")
    try:
        return use(keyring)
    except KeyringError as error:
        raise _NoRingError(f"the keyring cannot be used: {error}") from None
