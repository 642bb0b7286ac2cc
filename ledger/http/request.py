"""What a request says besides its body: the few headers that count, and reading the body itself."""

import asyncio
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from litestar.types import Receive

from ledger.http.problems import Problem, ProblemError, problem

BODY_MAX: Final = 64 * 1024
BATCH_BODY_MAX: Final = 8 * 1024 * 1024

DRAINED_MAX: Final = 32 * 1024 * 1024
DRAINED_FOR_S: Final = 5
"""How much of a body that is too large is still taken off the wire, and for how long."""

_KNOWN: Final = frozenset(
    {
        b"authorization",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"idempotency-key",
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

    def one(self, name: bytes) -> bytes | None:
        """The value of a header. Raises ProblemError `malformed` if it was given twice."""
        if name in self.repeated:
            shown = name.decode()
            detail = f"The header {shown} was given twice; give it once."
            raise ProblemError(problem("malformed", detail, field=shown))
        return self.values.get(name)


def check_content_type(headers: Headers) -> None:
    """Raises ProblemError `unsupported-media-type` for anything but plain JSON."""
    given = headers.one(b"content-type")
    if given != b"application/json" and (given is None or not _JSON_TYPE.fullmatch(given.strip())):
        what = "none" if given is None else ascii(given[:60].decode("latin-1"))
        detail = f"The content type was {what}; send application/json."
        raise ProblemError(problem("unsupported-media-type", detail))
    encoding = headers.one(b"content-encoding")
    if encoding is not None and encoding.lower() != b"identity":
        detail = "The body came with a content encoding; send it as it is."
        raise ProblemError(problem("unsupported-media-type", detail))


async def read_body(headers: Headers, receive: Receive, limit: int) -> bytes:
    """The whole body. Raises ProblemError `body-too-large` as soon as it is seen to be."""
    declared = headers.values.get(b"content-length", b"0")
    if len(declared) > 9 or (declared.isdigit() and int(declared) > limit):
        raise ProblemError(await _too_large(limit, receive, more=len(declared) <= 9))
    message = await receive()
    chunks: list[bytes] = []
    size = 0
    while message["type"] == "http.request":
        chunk = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(chunk)
        if size > limit:
            raise ProblemError(await _too_large(limit, receive, more=more))
        if not more:
            return b"".join((*chunks, chunk)) if chunks else chunk
        chunks.append(chunk)
        message = await receive()
    raise ProblemError(problem("malformed", "The body ended before it was whole."))


async def _too_large(limit: int, receive: Receive, *, more: bool) -> Problem:
    """The refusal, once the rest was let go by: many clients listen only when all is sent."""
    left = DRAINED_MAX
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAINED_FOR_S):
            while more and left > 0:
                message = await receive()
                more = message["type"] == "http.request" and message.get("more_body", False)
                left -= len(message.get("body", b"")) if message["type"] == "http.request" else 0
    detail = f"The body is larger than the {limit} bytes that this call takes. Send less at once."
    return problem("body-too-large", detail, CLOSE, limit_bytes=limit)
