"""`ledger login` and `ledger logout`: a person's key in the keyring of their own machine."""

import getpass
import sys
from typing import Annotated

from cyclopts import Parameter

from ledger.cli.admin.credentials import forget_key, store_key
from ledger.cli.admin.session import address
from ledger.cli.command_error import CommandError

Url = Annotated[str | None, Parameter(env_var="LEDGER_URL")]


def login(*, url: Url = None) -> None:
    """Put your API key for a ledger into the keyring; it is asked for, or read from a pipe.

    Parameters
    ----------
    url
        The ledger's address; http://127.0.0.1:8000 by default.
    """
    place = address(url)
    prompt = f"API key for {place}: "
    key = getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline()
    if not key.strip():
        raise CommandError("no key was entered")
    store_key(place, key.strip())
    print(f"The keyring has your key for {place} now.")


def logout(*, url: Url = None) -> None:
    """Take your API key for a ledger out of the keyring; it stays valid until it is revoked.

    Parameters
    ----------
    url
        The ledger's address; http://127.0.0.1:8000 by default.
    """
    place = address(url)
    was_there = forget_key(place)
    print(f"The keyring {'has no key' if was_there else 'had no key'} for {place}.")
