"""Traces: a span a call and its context on every attempt, or nothing at all."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.util.types import AttributeValue

from ledger.client import InsufficientFunds, LedgerClient, tracing
from tests.kit.http_proxy import FaultyWay

TRACE_ID, SPAN_ID = 0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7


class Noted(trace.NonRecordingSpan):
    """A span that remembers what is said of it."""

    def __init__(self, name: str, attributes: dict[str, Any]) -> None:
        super().__init__(trace.SpanContext(TRACE_ID, SPAN_ID, is_remote=False))
        self.name, self.noted = name, dict(attributes)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Remember it."""
        self.noted[key] = value


class Tracer(trace.NoOpTracer):
    """A tracer that keeps its spans."""

    def __init__(self) -> None:
        self.spans: list[Noted] = []

    @contextmanager
    def start_as_current_span(self, name: str, **more: Any) -> Iterator[trace.Span]:  # type: ignore[override]
        """Begin a span, as the SDK of OpenTelemetry does."""
        assert more["kind"] is trace.SpanKind.CLIENT
        span = Noted(name, more["attributes"])
        self.spans.append(span)
        with trace.use_span(span):
            yield span


@pytest.fixture
def fresh() -> Iterator[None]:
    """Whether traces are there is looked for once a process; here, once a test."""
    tracing._spans.cache_clear()
    yield
    tracing._spans.cache_clear()


@pytest.mark.usefixtures("fresh")
async def test_a_call_is_a_span_that_every_attempt_tells_of(
    far: LedgerClient, way: FaultyWay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One span for all attempts, with what it came to; W3C's header on each of them."""
    tracer = Tracer()
    monkeypatch.setattr(trace, "get_tracer", lambda _: tracer)
    way.faults.append("cut-after")
    with pytest.raises(InsufficientFunds):
        await far.debit("nobody", sku="image")
    (span,) = tracer.spans
    assert span.name == "ledger debit"
    assert span.noted == {
        "ledger.operation": "debit",
        "ledger.attempts": 2,
        "ledger.refusal": "insufficient-funds",
    }
    sent = f"traceparent: 00-{TRACE_ID:032x}-{SPAN_ID:016x}-".encode()
    assert [sent in head for head in way.heads] == [True, True]


@pytest.mark.usefixtures("fresh")
async def test_without_opentelemetry_nothing_is_traced(
    far: LedgerClient, way: FaultyWay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is optional: calls are the same."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    assert (await far.wallet("nobody")).seq == 0
    assert b"traceparent" not in way.heads[0]
