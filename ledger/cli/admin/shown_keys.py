"""Keys on the screen, and the one moment in which a new key itself is shown or put into a file."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ledger.cli.admin.session import Session
from ledger.cli.command_error import CommandError
from ledger.cli.screen import Screen, columns, long
from ledger.cli.texts import NOTHING, Cell, moment, stated, when, words
from ledger.client.results import Key, MadeKey


@contextmanager
def new_file(out: Path | None) -> Iterator[Callable[[str], None]]:
    """A function that writes a key to the new file `out`; if none was written, no file is left.

    Raises CommandError if the file exists.
    """
    if out is None:
        yield lambda _: None
        return
    try:
        target = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(f"{out} exists; a key goes to a new file") from None

    def keep(key: str) -> None:
        os.write(target, f"{key}\n".encode())
        os.fsync(target)

    try:
        yield keep
    finally:
        is_empty = os.fstat(target).st_size == 0
        os.close(target)
        if is_empty:
            out.unlink()


def show_made(
    session: Session, made: MadeKey | Key, out: Path | None, keep: Callable[[str], None]
) -> None:
    """Show a new key; where it goes into a file, show everything but the key itself."""
    if isinstance(made, Key):
        session.show(made, lambda screen, key: show_keys(screen, [key]))
        return
    if out is not None:
        keep(made.key)
    if session.as_json:
        document = dict(made.document)
        if out is not None:
            del document["key"]
        session.screen.document(document)
    else:
        secret = stated(key=made.key) if out is None else []
        session.screen.facts(
            [
                *stated(key_id=made.key_id, caller=made.caller, scopes=made.scopes),
                ("expires", when(made.expires_at, "never")),
                *secret,
            ]
        )
        if secret:
            session.screen.note("The key is shown this once and kept nowhere.")
    if out is not None:
        session.screen.note(f"The key is in {out}.")


def show_keys(screen: Screen, keys: Sequence[Key]) -> None:
    """Keys as a table."""
    heads = columns(
        "key",
        "caller",
        "state",
        "expires (+08, UTC)",
        "last used",
        long("scopes"),
        long("certificate"),
        "made by",
        "replaced by",
    )
    screen.table(heads, [_key_row(key) for key in keys])
    if not keys:
        screen.note("There are no keys.")


def _key_row(key: Key) -> Sequence[Cell]:
    return (
        key.key_id,
        key.caller,
        words(key.state),
        moment(key.expires_at, "never"),
        moment(key.last_used_at, "never"),
        ", ".join(key.scopes),
        key.label or NOTHING,
        key.created_by or NOTHING,
        key.replaced_by or NOTHING,
    )
