"""The few headers of a request that count, and how its body is read."""

import asyncio
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from litestar.types import Receive

from ledger.contract.problems import Problem, ProblemError, problem

DRAINED_MAX: Final = 32 * 1024 * 1024
DRAINED_FOR_S: Final = 5
"""How much of a body that is too large is still taken off the wire, and for how long."""

BODY_ARRIVES_IN_S: Final = 30
"""How long a caller may take to send a body, so that slow ones cannot hold connections for ever."""

_KNOWN: Final = frozenset(
    {
        b"authorization",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"idempotency-key",
        b"transfer-encoding",
        b"x-request-id",
    }
)
_JSON_TYPE: Final = re.compile(
    rb'application/json[ \t]*(;[ \t]*charset[ \t]*=[ \t]*("utf-8"|utf-8)[ \t]*)?;?',
    re.IGNORECASE,
)
CLOSE: Final = (b"connection", b"close")


class Headers:
    """The headers that count, each with its value; those given twice are named in `repeated`."""

    __slots__ = ("repeated", "values")

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self.values: dict[bytes, bytes] = {}
        self.repeated: tuple[bytes, ...] = ()
        for name, value in raw:
            if name in _KNOWN:
                if name in self.values:
                    self.repeated += (name,)
                self.values[name] = value

    def single(self, name: bytes) -> bytes | None:
        """The value of a header. Raises ProblemError `malformed` if it was given twice."""
        if name in self.repeated:
            shown = name.decode()
            detail = f"The header {shown} was given twice; give it once."
            raise ProblemError(problem("malformed", detail, field=shown))
        return self.values.get(name)

    @property
    def declared_bytes(self) -> int:
        """The body's length by its content-length header; 0 without one."""
        declared = self.values.get(b"content-length", b"")
        return int(declared[:18]) if declared.isdigit() else 0

    @property
    def announces_body(self) -> bool:
        """Whether a body follows these headers."""
        return self.declared_bytes > 0 or b"transfer-encoding" in self.values


def check_content_type(headers: Headers) -> None:
    """Raises ProblemError `unsupported-media-type` for anything but plain JSON."""
    given = headers.single(b"content-type")
    if given != b"application/json" and (given is None or not _JSON_TYPE.fullmatch(given.strip())):
        what = "none" if given is None else ascii(given[:60].decode("latin-1"))
        detail = f"The content type was {what}; send application/json."
        raise ProblemError(problem("unsupported-media-type", detail))
    encoding = headers.single(b"content-encoding")
    if encoding is not None and encoding.lower() != b"identity":
        detail = "The body came with a content encoding; send it as it is."
        raise ProblemError(problem("unsupported-media-type", detail))


async def read_body(headers: Headers, receive: Receive, limit: int) -> bytes:
    """The whole body. Raises ProblemError `body-too-large` as soon as it is seen to be."""
    if headers.declared_bytes > limit:
        raise ProblemError(_too_large(limit))
    try:
        async with asyncio.timeout(BODY_ARRIVES_IN_S):
            return await _whole_body(receive, limit)
    except TimeoutError:
        detail = f"The body did not arrive within {BODY_ARRIVES_IN_S} s. Send it again, faster."
        raise ProblemError(problem("malformed", detail)) from None


async def _whole_body(receive: Receive, limit: int) -> bytes:
    message = await receive()
    chunks: list[bytes] = []
    size = 0
    while message["type"] == "http.request":
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise ProblemError(_too_large(limit))
        if not message.get("more_body", False):
            return b"".join((*chunks, chunk)) if chunks else chunk
        chunks.append(chunk)
        message = await receive()
    raise ProblemError(problem("malformed", "The body ended before it was whole."))


def _too_large(limit: int) -> Problem:
    detail = f"The body is larger than the {limit} bytes that this call takes. Send less at once."
    return problem("body-too-large", detail, limit_bytes=limit)


async def drain(headers: Headers, receive: Receive) -> bool:
    """Let the rest of a body go by, so that its sender comes to listen; False if it is too much.

    Many clients listen only when all is sent, and a connection with half a body on it cannot
    serve another request.
    """
    left = DRAINED_MAX
    if headers.declared_bytes > left:
        return False
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAINED_FOR_S):
            while left > 0:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return True
                left -= len(message.get("body", b""))
    return False
