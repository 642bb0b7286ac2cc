"""The HTTP transport: JSON over kept-alive connections, each attempt bounded as a whole."""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, Mapping
from typing import Final
from urllib.parse import quote, urlsplit

import httpx2
import msgspec
from msgspec.structs import replace

from ledger.client.fields import bearer
from ledger.client.transport import Lost, NotSent, Reply, Request

# The ledger closes connections that were idle for 10 s: ours go first, so that none is used just
# as it closes.
_KEPT_ALIVE_S: Final = 5.0

_POLL_S: Final = 25
"""How long one poll waits for an event, in seconds; the ledger allows 30."""

_PLAIN_KEY: Final = re.compile(r"[\x21\x23-\x7e][\x21-\x7e]*")
_NEVER_SENT: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
)


class HttpTransport:
    """A pool of connections to one ledger; it belongs to the event loop that first uses it.

    `tls` replaces the default trust: a context with a private authority, or with a certificate of
    the caller. Beyond `connections_max` calls at once, the next ones wait for a connection.
    """

    def __init__(
        self,
        url: str,
        key: str | None,
        *,
        connections_max: int = 100,
        connect_timeout_s: float = 5.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        headers = {"accept": "application/json", "user-agent": "ledger-client"}
        if key is not None:
            headers["authorization"] = bearer(key)
        self._connect_timeout_s = connect_timeout_s
        self._client = httpx2.AsyncClient(
            base_url=url,
            headers=headers,
            limits=httpx2.Limits(
                max_connections=connections_max,
                max_keepalive_connections=connections_max,
                keepalive_expiry=_KEPT_ALIVE_S,
            ),
            # Reading the system's authorities takes a quarter of a second: only who needs them.
            verify=urlsplit(url).scheme == "https" if tls is None else tls,
        )

    async def send(self, request: Request, timeout_s: float, context: Mapping[str, str]) -> Reply:
        """Send once. Raises NotSent or Lost."""
        # Well before the attempt is over: what was never connected was never sent.
        connect_s = min(self._connect_timeout_s, timeout_s * 0.8)
        try:
            # httpx2 bounds each step, so that an answer in drips would never end.
            async with asyncio.timeout(timeout_s):
                answer = await self._client.request(
                    request.operation.method,
                    _path(request),
                    params=dict(request.query) or None,
                    headers=_headers(request, context),
                    content=None if request.body is None else msgspec.json.encode(request.body),
                    timeout=httpx2.Timeout(timeout_s, connect=connect_s, pool=connect_s),
                )
        except _NEVER_SENT as error:
            raise NotSent(f"no connection to the ledger: {_cause_text(error)}") from error
        except (httpx2.RequestError, TimeoutError) as error:
            raise Lost(f"no answer from the ledger: {_cause_text(error)}") from error
        return _reply(answer, request)

    async def watch(self, request: Request, timeout_s: float) -> AsyncGenerator[Reply, None]:
        """Pages of events, by one long poll after the other. Raises NotSent or Lost."""
        while True:
            query = {**request.query, "wait_s": str(_POLL_S)}
            reply = await self.send(replace(request, query=query), _POLL_S + timeout_s, {})
            yield reply
            if reply.status >= 300:
                return
            request = replace(request, query={**query, "after_seq": str(reply.body["next"])})

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def _path(request: Request) -> str:
    return request.operation.path.format_map(
        {name: _segment(value) for name, value in request.parameters.items()}
    )


def _segment(text: str) -> str:
    """A path segment. Dots alone would be taken for a step within the path (RFC 3986, 5.2.4)."""
    if not text:
        raise ValueError("An id in a path was empty; it has 1 to 64 characters.")
    return "%2E" * len(text) if set(text) == {"."} else quote(text, safe="")


def _headers(request: Request, context: Mapping[str, str]) -> dict[str, str]:
    headers = dict(context)
    if request.request_id is not None:
        headers["x-request-id"] = request.request_id
    if request.body is not None:
        headers["content-type"] = "application/json"
    if request.key is not None:
        headers["idempotency-key"] = _header_value(request.key)
    return headers


def _header_value(key: str) -> str:
    """The key as the header has it: bare, or quoted where it begins with a quote itself."""
    if _PLAIN_KEY.fullmatch(key):
        return key
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _cause_text(error: Exception) -> str:
    return str(error) or type(error).__name__


def _reply(answer: httpx2.Response, request: Request) -> Reply:
    """The answer as builtins; what is no JSON, such as a proxy's own page, has no body."""
    try:
        body = msgspec.json.decode(answer.content) if answer.content else None
    except msgspec.DecodeError:
        body = None
    if answer.status_code < 300 and body is None:
        raise Lost(f"the answer {answer.status_code} is not the ledger's: it is no JSON")
    return Reply(
        status=answer.status_code,
        body=body,
        replayed=answer.headers.get("idempotency-replayed") == "true",
        request_id=answer.headers.get("x-request-id", request.request_id),
        retry_after_s=_seconds(answer.headers.get("retry-after")),
    )


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds; a date (RFC 9110, 10.2.3) comes from no ledger."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
