"""Jobs of the load generator, and their results; one line of JSON each."""

from typing import Literal

from msgspec import Struct

WALLET: str = "bench-%d"
"""A wallet's id by its number."""

COMMANDS: int = 1_000
"""Debits in one HTTP batch."""


class Job(Struct, frozen=True, kw_only=True):
    """Load to make: requests numbered from 0, until `seconds` have passed or `most` are sent.

    `run` is the moment that its idempotency keys grow from, in milliseconds: a job of an earlier
    run's number sends that run's requests again. Over gRPC `connections` are calls at once.
    """

    kind: Literal["debit", "batch", "hold"]
    port: int
    over: Literal["http", "grpc"] = "http"
    key: str
    connections: int
    seconds: float
    wallets: int
    run: int
    most: int


class Result(Struct, frozen=True, kw_only=True):
    """What came of a job: `answered` requests (pairs of them for holds) in `seconds`.

    `statuses` counts answers other than the expected one, and connections lost; `cpu_s` is what
    the generator itself used.
    """

    answered: int
    seconds: float
    p50_ms: float | None
    p99_ms: float | None
    statuses: dict[str, int]
    replayed: int
    cpu_s: float
