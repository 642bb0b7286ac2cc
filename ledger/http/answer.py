"""Answers: what a handler returns, already encoded, as the smallest ASGI response."""

from typing import Any, Final

import msgspec
from litestar.types import HTTPScope, Receive, Scope, Send

Header = tuple[bytes, bytes]

JSON: Final = b"application/json"

_encoder: Final = msgspec.json.Encoder()

encode: Final = _encoder.encode
"""The JSON bytes of an answer."""


class Answer:
    """A status, a body and its headers. An instance is the ASGI application that sends it."""

    __slots__ = ("body", "headers", "media_type", "status")

    def __init__(
        self,
        status: int,
        body: bytes,
        media_type: bytes = JSON,
        headers: tuple[Header, ...] = (),
    ) -> None:
        self.status, self.body, self.media_type, self.headers = status, body, media_type, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it; a HEAD request gets the headers alone."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [
                    (b"content-type", self.media_type),
                    (b"content-length", b"%d" % len(self.body)),
                    (b"cache-control", b"no-store"),
                    *self.headers,
                ],
            }
        )
        body = b"" if _is_head(scope) else self.body
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _is_head(scope: Scope | HTTPScope) -> bool:
    return scope.get("method") == "HEAD"


def json_answer(status: int, value: Any, *headers: Header) -> Answer:  # noqa: ANN401
    """The answer that tells a struct or plain value as JSON."""
    return Answer(status, encode(value), JSON, headers)
