"""The outermost layer: request ids, draining, metrics and the access log of every request."""

from collections.abc import Mapping
from time import perf_counter
from typing import Final

import structlog
from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPReceiveMessage,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
    WebSocketReceiveMessage,
)

from ledger.contract.problems import unavailable_problem
from ledger.engine import Unavailable
from ledger.http import metrics
from ledger.http.reply import reply_of
from ledger.http.request import CLOSE, Headers, drain
from ledger.http.trace import Trace, follow
from ledger.service import Ledger

_log: Final = structlog.get_logger("ledger.http.access")

_DRAINING: Final = unavailable_problem(Unavailable("shutting-down"))
_WHILE_DRAINING: Final = frozenset({"/livez", "/metrics"})
"""What a service that shuts down still answers: it lives, and its last figures count."""


class Edge:
    """The ASGI application: around the routes, what holds for every request."""

    def __init__(self, ledger: Ledger, routes: ASGIApp) -> None:
        self._ledger, self._routes = ledger, routes
        self._access_log = ledger.settings.access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; everything but HTTP goes to the routes as it is."""
        if scope["type"] != ScopeType.HTTP:
            await self._routes(scope, receive, send)
            return
        trace = Trace(Headers(scope["headers"]))
        follow(scope, trace)
        draining = self._ledger.readiness.draining
        mark = (b"x-request-id", trace.request_id.encode())

        async def receive_traced() -> HTTPReceiveMessage | WebSocketReceiveMessage:
            message = await receive()
            trace.body_received = not message.get("more_body", False)
            return message

        async def send_traced(message: Message) -> None:
            if message["type"] == "http.response.start":
                trace.status = message["status"]
                closing = draining
                if not trace.body_received and trace.headers.announces_body:
                    closing = not await drain(trace.headers, receive) or draining
                marks = (mark, CLOSE) if closing else (mark,)
                message["headers"] = [*message["headers"], *marks]
            await send(message)

        try:
            if draining and scope["path"] not in _WHILE_DRAINING:
                await reply_of(_DRAINING.response())(scope, receive_traced, send_traced)
            else:
                await self._routes(scope, receive_traced, send_traced)
        finally:
            self._conclude(scope, trace)

    def _conclude(self, scope: HTTPScope, trace: Trace) -> None:
        seconds = perf_counter() - trace.started
        metrics.observe(scope["method"], trace.route, trace.status, seconds)
        if self._access_log:
            params: Mapping[str, str] = scope.get("path_params") or {}
            _log.info(
                "request",
                method=scope["method"],
                route=trace.route,
                status=trace.status,
                duration_ms=round(seconds * 1000, 3),
                caller=trace.caller,
                request_id=trace.request_id,
                **params,
            )
