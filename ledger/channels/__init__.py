"""Payment channels: one file each, one protocol; the registry names those that exist."""

from collections.abc import Callable
from typing import Final

from ledger.channels.contract import Channel
from ledger.channels.sandbox import Sandbox

REGISTRY: Final[dict[str, Callable[[bytes], Channel]]] = {"sandbox": Sandbox}
"""How to make each channel from its secret; which of them run is for the service to say."""
