"""Call metrics, labelled by method and status."""

from functools import cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

CALLS: Final = Counter("ledger_grpc_calls", "gRPC calls that ended.", ["method", "code"])
CALL_SECONDS: Final = Histogram(
    "ledger_grpc_call_seconds",
    "From the arrival of a unary call to the end of its answer.",
    ["method"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 10),
)
STREAMS: Final = Gauge(
    "ledger_grpc_streams", "Streams that are open.", ["method"], multiprocess_mode="livesum"
)


def observe(method: str, code: str, seconds: float | None) -> None:
    """Count a call; how long it took counts for those that are no streams."""
    calls, durations = _children(method, code)
    calls.inc()
    if seconds is not None:
        durations.observe(seconds)


@cache  # bounded by the methods and statuses there are
def _children(method: str, code: str) -> tuple[Counter, Histogram]:
    return CALLS.labels(method, code), CALL_SECONDS.labels(method)
