"""HTTP/2 as far as the load generator needs it: many calls at once on a connection, raw bytes."""

import asyncio
import time
from collections import deque
from typing import Final, Protocol, cast

from msgspec import Struct

from ledger.cli.bench.messages import Calls

_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY, _WINDOW = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _END_HEADERS, _ACK, _PADDED = 1, 4, 1, 8
_HEAD: Final = 9
_FRAME_MAX: Final = 16_384
_WINDOW_MAX: Final = 2**31 - 1
_SPENT_MAX: Final = 2**20
"""How much may arrive before the server is told that there is room again."""

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_NEW, _KNOWN = 0x40, 0x80 | 62
"""HPACK: a field to remember, and the one remembered last."""


class Counts(Protocol):
    """What a connection needs of the load: numbers to send, and a place for what came of them."""

    def next_number(self) -> int | None:
        """The number of the next call; None when no more are to be made."""

    def took(self, seconds: float, refusal: str | None) -> None:
        """A call is over: how long it took, and why it was refused if it was."""

    def leave(self) -> None:
        """A place in the connection has nothing more to do."""


class _Stream(Struct):
    """One call under way."""

    started: float
    received: bytes = b""


class Connection(asyncio.Protocol):
    """One connection with a number of calls at once, each followed by another."""

    def __init__(self, load: Counts, calls: Calls, key: str, at_once: int) -> None:
        self._load, self._calls, self._at_once = load, calls, at_once
        self._fields = _fields(calls.path, key)
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._streams: dict[int, _Stream] = {}
        self._next_stream = 1
        self._window = 65_535  # what may still be sent on the whole connection
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._spent = 0
        self._over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet; the server may send as much as it likes."""
        # uvloop's transports have the methods of asyncio's, but are none of them.
        self._transport = cast("asyncio.Transport", transport)
        window = b"\x00\x04" + _WINDOW_MAX.to_bytes(4)
        room = (_WINDOW_MAX - 65_535).to_bytes(4)
        greeting = _frame(_SETTINGS, 0, 0, window) + _frame(_WINDOW, 0, 0, room)
        self._transport.write(_PREFACE + greeting)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The service never closes a connection that has something to do."""
        for _ in range(len(self._streams)):
            self._finish("connection lost", 0.0)
        self._streams.clear()

    def begin(self) -> None:
        """Make the first calls."""
        for _ in range(self._at_once):
            self._call()

    def _call(self) -> None:
        number = None if self._over else self._load.next_number()
        if number is None:
            self._load.leave()
            return
        stream, self._next_stream = self._next_stream, self._next_stream + 2
        self._streams[stream] = _Stream(time.perf_counter())
        assert self._transport is not None
        block = self._fields[0] if stream == 1 else self._fields[1]
        self._transport.write(_frame(_HEADERS, _END_HEADERS, stream, block))
        self._waiting.append((stream, self._calls.message_of(number)))
        self._send()

    def _send(self) -> None:
        """Send what waits, as far as the server has room for it."""
        frames = []
        while self._waiting and self._window > 0:
            stream, data = self._waiting.popleft()
            size = min(len(data), self._window, _FRAME_MAX)
            self._window -= size
            if size < len(data):
                self._waiting.appendleft((stream, data[size:]))
            flags = 0 if size < len(data) else _END_STREAM
            frames.append(_frame(_DATA, flags, stream, data[:size]))
        if frames:
            assert self._transport is not None
            self._transport.write(b"".join(frames))

    def data_received(self, data: bytes) -> None:
        """Take the frames that are whole."""
        buffer = self._buffer + data if self._buffer else data
        at = 0
        while len(buffer) - at >= _HEAD:
            size = int.from_bytes(buffer[at : at + 3])
            end = at + _HEAD + size
            if len(buffer) < end:
                break
            stream = int.from_bytes(buffer[at + 5 : at + 9]) & _WINDOW_MAX
            self._take(buffer[at + 3], buffer[at + 4], stream, buffer[at + _HEAD : end])
            at = end
        self._buffer = buffer[at:]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        assert self._transport is not None
        if kind == _DATA:
            assert not flags & _PADDED
            self._streams[stream].received += payload
            self._spent += len(payload)
            if self._spent > _SPENT_MAX:
                self._transport.write(_frame(_WINDOW, 0, 0, self._spent.to_bytes(4)))
                self._spent = 0
        elif kind == _WINDOW and stream == 0:
            self._window += int.from_bytes(payload)
            self._send()
        elif kind in {_SETTINGS, _PING} and not flags & _ACK:
            answer = payload if kind == _PING else b""
            self._transport.write(_frame(kind, _ACK, 0, answer))
        elif kind == _GOAWAY:
            self._over = True
        over = kind == _RESET or (kind in {_DATA, _HEADERS} and flags & _END_STREAM)
        if over and stream in self._streams:
            ended = self._streams.pop(stream)
            refusal = self._calls.refusal_in(ended.received)
            self._finish(refusal, time.perf_counter() - ended.started)
            self._call()

    def _finish(self, refusal: str | None, seconds: float) -> None:
        self._load.took(seconds, refusal)

    def close(self) -> None:
        """Hang up."""
        self._streams.clear()
        if self._transport is not None:
            self._transport.close()


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return b"%b%c%c%b%b" % (len(payload).to_bytes(3), kind, flags, stream.to_bytes(4), payload)


def _fields(path: str, key: str) -> tuple[bytes, bytes]:
    """The header of a connection's first call, which is remembered, and that of all others."""
    remembered = (
        (":path", path),
        (":authority", "127.0.0.1"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("authorization", f"Bearer {key}"),
    )
    method_and_scheme = b"\x83\x86"
    first = method_and_scheme
    for name, value in remembered:
        first += b"%c%c%b%c%b" % (_NEW, len(name), name.encode(), len(value), value.encode())
    known = (_KNOWN + len(remembered) - 1 - place for place in range(len(remembered)))
    return first, method_and_scheme + bytes(known)
