"""The engine: a lane for each shard, batches cut after the lock is won, one commit a batch."""

from ledger.engine.commit import CommandFailed, Unavailable
from ledger.engine.lane import Engine

__all__ = ["CommandFailed", "Engine", "Unavailable"]
