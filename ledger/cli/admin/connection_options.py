"""What every command over the API takes: the ledger, the key, how answers are printed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

DEFAULT_URL: Final = "http://127.0.0.1:8000"

Flag = Annotated[bool, Parameter(negative=())]


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

    @property
    def is_named(self) -> bool:
        """Whether an option or variable names a ledger, so that it is called over its API."""
        return self.url is not None or self.key_file is not None


@Parameter(name="*", group="Connection")
@dataclass(frozen=True, kw_only=True)
class ChangeOptions(ConnectionOptions):
    """The same for a command that changes something."""

    idempotency_key: str | None = None
    """Do it under this key: again under the same one, it is done once. A new one by default."""


HERE: Final = ConnectionOptions()
CHANGING: Final = ChangeOptions()
