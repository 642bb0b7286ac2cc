"""Payment channels: one file each, one protocol; the registry names those that exist."""

from collections.abc import Mapping
from typing import Final

from ledger.channels.contract import Channel, Instructions, Registration, Surroundings
from ledger.channels.sandbox import NAME as SANDBOX
from ledger.channels.sandbox import Sandbox, instructions_for

REGISTRY: Final[dict[str, Registration]] = {
    SANDBOX: Registration(Sandbox, "sandbox-signing", development=True),
}
"""Every channel by its name, which orders and the catalogue have too."""

EXAMPLE: Final = SANDBOX
"""The channel that examples in documents are of: every reader has it at hand."""


def example_instructions(order_id: str) -> Instructions:
    """How an order of the examples' channel is paid."""
    return instructions_for(order_id)


def secret_names(*, development: bool) -> list[str]:
    """The names of the secrets of all channels that may run in a ledger of this kind."""
    return [entry.secret for entry in REGISTRY.values() if development or not entry.development]


def drawn_secret_names(*, development: bool) -> list[str]:
    """The names of the secrets that are drawn when a ledger of this kind is made.

    Those of channels that move money are not: whoever runs such a channel gives us its secret.
    """
    return [entry.secret for entry in REGISTRY.values() if development and entry.development]


def make_channels(secrets: Mapping[str, bytes]) -> dict[str, Channel]:
    """Every channel whose secret is there, by its name; secrets are by theirs."""
    return {
        name: entry.make(Surroundings(secrets[entry.secret]))
        for name, entry in REGISTRY.items()
        if entry.secret in secrets
    }
