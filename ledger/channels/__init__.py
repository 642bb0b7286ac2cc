"""Payment channels: one file each, one protocol; the registry names those that exist."""

from collections.abc import Callable
from typing import Final

from ledger.channels.contract import Channel, Surroundings
from ledger.channels.sandbox import Sandbox

REGISTRY: Final[dict[str, Callable[[Surroundings], Channel]]] = {"sandbox": Sandbox}
"""How to make each channel; which of them run is for the service to say."""
