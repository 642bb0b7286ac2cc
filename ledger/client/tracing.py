"""Traces: a span a call, and its context on the way, where opentelemetry-api is installed."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any, Protocol

from ledger.client.transport import Request


class CallSpan(Protocol):
    """One call as its trace tells it."""

    def context(self) -> Mapping[str, str]:
        """The headers by which the ledger's side finds the trace."""

    def note(self, name: str, value: str | int) -> None:
        """Say something about the call."""


class _Untraced:
    def context(self) -> Mapping[str, str]:
        return {}

    def note(self, name: str, value: str | int) -> None:
        pass


@contextmanager
def _untraced(_: Request) -> Iterator[CallSpan]:
    yield _Untraced()


@cache
def _spans() -> Callable[[Request], AbstractContextManager[CallSpan]]:
    """What makes spans; looked for at the first call, so that importing the client stays quick."""
    try:
        from opentelemetry import propagate, trace  # noqa: PLC0415 - optional
    except ImportError:
        return _untraced
    tracer = trace.get_tracer("ledger.client")

    class Traced:
        def __init__(self, span: trace.Span) -> None:
            self._span = span

        def context(self) -> Mapping[str, str]:
            headers: dict[str, str] = {}
            propagate.inject(headers)
            return headers

        def note(self, name: str, value: str | int) -> None:
            self._span.set_attribute(name, value)

    @contextmanager
    def traced(request: Request) -> Iterator[CallSpan]:
        told: dict[str, Any] = {"ledger.operation": request.operation.name}
        name = f"ledger {request.operation.name}"
        with tracer.start_as_current_span(name, kind=trace.SpanKind.CLIENT, attributes=told) as it:
            yield Traced(it)

    return traced


def span_of(request: Request) -> AbstractContextManager[CallSpan]:
    """The span of one logical call, all its attempts together. Errors are noted on it."""
    return _spans()(request)
