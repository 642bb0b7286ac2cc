"""A way to the ledger that loses things: a proxy that does to each request what it is told."""

import asyncio
import re
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Literal

from tests.kit.proxy import Proxy

Fault = (
    Literal[
        "pass",  # nothing is wrong
        "close",  # the connection is closed before the request is read
        "cut-before",  # the request is read, and never gets there
        "cut-after",  # the ledger answers, and the answer is lost
        "half",  # half of the answer comes
        "reset",  # the ledger answers, and the connection is reset
        "half-close",  # our side is shut first; the request gets there all the same
        "silence",  # the ledger answers, and nothing ever comes of it, nor an end
        "drip",  # the ledger answers, and of the answer a byte comes now and then, for ever
        "busy",  # what stands before the ledger says so itself
        "gateway",  # what stands before the ledger gives up on it after it answered
    ]
    | Callable[[bytes], bytes]
)
"""What becomes of one request; a function changes the body of its answer."""

LOSING: tuple[Fault, ...] = (
    "close",
    "cut-before",
    "cut-after",
    "half",
    "reset",
    "half-close",
    "silence",
    "busy",
    "gateway",
)
"""All that lose an answer."""

_BUSY = (
    b'{"type": "https://ledger.example/problems/busy", "title": "", "status": 503, "detail": "x"}'
)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_KEY = re.compile(rb"\r\nidempotency-key: *([^\r]*)", re.IGNORECASE)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """A request or an answer: its head and its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return head, await reader.readexactly(int(length[1])) if length else b""


class FaultyWay(Proxy):
    """Each request takes the next of `faults`, and passes when there is none."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.faults: deque[Fault] = deque()
        self.heads: list[bytes] = []
        """The heads of all requests that were read, whatever became of them."""
        self.status: int | None = None
        """The status of answers that a function changes; their own if there is none."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def keys(self) -> list[str]:
        """The idempotency keys of all requests that were read and had one."""
        return [match[1].decode() for head in self.heads if (match := _KEY.search(head))]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await self._serve_once(reader, writer):
            pass

    async def _serve_once(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Deal with one request; False when the connection is over."""
        if self.faults and self.faults[0] == "close":
            self.faults.popleft()
            return False
        if self.faults and self.faults[0] == "half-close":
            writer.write_eof()
        head, body = await _message(reader)
        self.heads.append(head)
        fault = self.faults.popleft() if self.faults else "pass"
        if fault == "cut-before":
            return False
        if fault == "busy":
            writer.write(_answer(503, _BUSY, b"retry-after: 7\r\n"))
            return True
        answer_head, answer = await self._asked(head + body)
        match fault:
            case "pass":
                writer.write(answer_head + answer)
            case "half":
                writer.write(answer_head + answer[: len(answer) // 2])
                await writer.drain()
                return False
            case "reset":
                sock: socket.socket = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            case "drip" | "silence":
                await _hold_out(writer, b"x" if fault == "drip" else b"")
            case "gateway":
                writer.write(_answer(502, b"<html>Bad gateway</html>"))
            case str():
                return False
            case _:
                changed = fault(answer)
                status = self.status or int(answer_head.split(b" ", 2)[1])
                writer.write(_answer(status, changed))
        await writer.drain()
        return True

    async def _asked(self, message: bytes) -> tuple[bytes, bytes]:
        """What the ledger answers."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            writer.write(message)
            return await _message(reader)
        finally:
            writer.close()


def _answer(status: int, body: bytes, header: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d No\r\n%bcontent-length: %d\r\n\r\n%b" % (status, header, len(body), body)


async def _hold_out(writer: asyncio.StreamWriter, drop: bytes) -> None:
    if drop:
        writer.write(b"HTTP/1.1 200 OK\r\nx-drip: ")
    while True:
        writer.write(drop)
        await writer.drain()
        await asyncio.sleep(0.05)
