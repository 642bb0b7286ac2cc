"""Idempotency keys: UUIDv7 (RFC 9562, section 5.7), each greater than the last of its process."""

import threading
import time
from os import urandom
from typing import Final
from uuid import UUID

_lock: Final = threading.Lock()
_last_ticks = 0


def new_key() -> str:
    """A key that nobody has used: made once a logical call, and kept for all its attempts.

    Keys sort by when they were made, which keeps the ledger's index of them dense. The time is in
    4096ths of a millisecond, in rand_a the fraction (section 6.2, method 3); rand_b is drawn anew
    for every key, so that a forked process can never make the key that its parent makes.
    """
    global _last_ticks  # noqa: PLW0603 - what makes them monotonic
    with _lock:
        ticks = max((time.time_ns() << 12) // 1_000_000, _last_ticks + 1)
        _last_ticks = ticks
    random = int.from_bytes(urandom(8), "big") >> 2
    milliseconds, fraction = ticks >> 12, ticks & 0xFFF
    return str(UUID(int=milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62 | random))
