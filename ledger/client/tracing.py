"""OpenTelemetry: a span for every call, where opentelemetry-api is installed."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any, Protocol

from ledger.client.transport import Request


class CallSpan(Protocol):
    """The span of one call in a trace."""

    def context(self) -> Mapping[str, str]:
        """The headers that carry the trace on to the ledger."""

    def note(self, name: str, value: str | int) -> None:
        """Set an attribute of the span."""


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
    """A function that makes the span of a call.

    OpenTelemetry is imported at the first call, so that importing the client stays quick.
    """
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
        attributes: dict[str, Any] = {"ledger.operation": request.operation.name}
        name = f"ledger {request.operation.name}"
        with tracer.start_as_current_span(
            name, kind=trace.SpanKind.CLIENT, attributes=attributes
        ) as span:
            yield Traced(span)

    return traced


def span_of(request: Request) -> AbstractContextManager[CallSpan]:
    """The span of one logical call, all its attempts together. Errors are noted on it."""
    return _spans()(request)
