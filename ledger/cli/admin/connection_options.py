"""What commands over the API take: the ledger, the key, the form of answers; ids and amounts."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from ledger.client.fields import amount_text
from ledger.core.ids import ID_PATTERN

DEFAULT_URL: Final = "http://127.0.0.1:8000"

_ID: Final = re.compile(ID_PATTERN, re.ASCII)


def _check_id(_: Any, text: str | None) -> None:  # noqa: ANN401 - cyclopts's own signature
    if text is not None and _ID.fullmatch(text) is None:
        raise ValueError(f"{text!a} is no id: one is 1 to 64 of A-Z a-z 0-9 _ . : -")


def _check_amount(_: Any, text: str | None) -> None:  # noqa: ANN401 - cyclopts's own signature
    if text is not None:
        amount_text(text)


Flag = Annotated[bool, Parameter(negative=())]
Yes = Annotated[bool, Parameter(negative=(), alias="-y")]
Id = Annotated[str, Parameter(validator=_check_id)]
Amount = Annotated[str, Parameter(validator=_check_amount)]
"""Checked as soon as it is given: what cannot be is never sent."""


# Dataclasses, because cyclopts makes options of their fields.
@Parameter(name="*", group="Connection")
@dataclass(frozen=True, kw_only=True)
class ConnectionOptions:
    """The ledger to call, by which key, and how its answers are printed."""

    url: Annotated[str | None, Parameter(env_var="LEDGER_URL")] = None
    """The ledger's address; http://127.0.0.1:8000 by default."""

    key_file: Annotated[Path | None, Parameter(env_var="LEDGER_API_KEY_FILE")] = None
    """A file with the API key, readable by you alone; else LEDGER_API_KEY, else the keyring."""

    json: Flag = False
    """Print the API's own JSON."""


@Parameter(name="*", group="Connection")
@dataclass(frozen=True, kw_only=True)
class HostOptions(ConnectionOptions):
    """The same for a command that also works on the host, in the database itself."""

    url: Annotated[str | None, Parameter(env_var="LEDGER_URL")] = None
    """The ledger's address; without --url and --key-file it is done on the host."""

    @property
    def is_over_api(self) -> bool:
        """Whether an option or variable names a ledger, so that it is called over its API."""
        return self.url is not None or self.key_file is not None


@Parameter(name="*", group="Connection")
@dataclass(frozen=True, kw_only=True)
class ChangeOptions(ConnectionOptions):
    """The same for a command that changes something."""

    idempotency_key: str | None = None
    """Do it under this key: again under the same one, it is done once. A new one by default."""


HERE: Final = ConnectionOptions()
ON_HOST: Final = HostOptions()
CHANGING: Final = ChangeOptions()
