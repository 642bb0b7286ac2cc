"""Request metrics, labelled by route template, method and status, and their exposition."""

import os
from functools import cache
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

REQUESTS: Final = Counter("ledger_http_requests", "HTTP requests.", ["method", "route", "status"])
REQUEST_SECONDS: Final = Histogram(
    "ledger_http_request_seconds",
    "From the arrival of a request to the end of its answer.",
    ["method", "route"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 10),
)

_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request; a method that nobody knows is one of `OTHER`."""
    requests, durations = _children(method if method in _METHODS else "OTHER", route, status)
    requests.inc()
    durations.observe(seconds)


@cache  # bounded by the routes, methods and statuses there are
def _children(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, status), REQUEST_SECONDS.labels(method, route)


def exposition() -> bytes:
    """Everything this process, or every process of the service, has measured."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
