"""An answer of the contract, encoded, as the smallest ASGI response."""

from typing import Final

from litestar.types import HTTPScope, Receive, Scope, Send

from ledger.contract.problems import Header, Problem
from ledger.contract.response import Response, encode

JSON: Final = b"application/json"
PROBLEM_JSON: Final = b"application/problem+json"

_REPLAYED: Final = (b"idempotency-replayed", b"true")


class Reply:
    """A status, a body and its headers. An instance is the ASGI application that sends it."""

    __slots__ = ("body", "headers", "media_type", "status")

    def __init__(
        self, status: int, body: bytes, media_type: bytes, headers: tuple[Header, ...]
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


def reply_of(answer: Response) -> Reply:
    """An answer of the contract as an HTTP reply."""
    headers = (_REPLAYED,) if answer.replayed else ()
    body = answer.body
    if isinstance(body, Problem):
        return Reply(body.status, encode(body.document()), PROBLEM_JSON, (*body.headers, *headers))
    if answer.media_type:
        return Reply(answer.status, body, answer.media_type, headers)
    return Reply(answer.status, encode(body), JSON, headers)
