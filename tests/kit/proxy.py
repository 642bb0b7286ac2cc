"""The one TCP proxy of tests: it forwards connections, and loses what it is told to lose."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal, Self

Fate = Literal["pass", "lose-request", "lose-answer"]
COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
"""How a COMMIT goes to Postgres."""


class Proxy:
    """Forwards connections to a TCP port or a Unix socket.

    A request that has `mark` in it meets what `fate` says: it passes, or its connection is lost
    before it arrives, or once it is answered. Answers are also cut off while `cuts` is above zero;
    the proxy may be `closed` to everybody for a while; or nothing passes any more: `stall`.
    """

    def __init__(
        self, target: int | str, fate: Callable[[], Fate] = lambda: "pass", mark: bytes = COMMIT
    ) -> None:
        self.target = target
        self._fate, self._mark = fate, mark
        self.fates: list[Fate] = []
        self.cuts = 0
        self.connections = 0
        self.port = 0
        self._closed = False
        self._passing = asyncio.Event()
        self._passing.set()
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self.lose_all()

    async def lose_all(self) -> None:
        """Lose every connection there is."""
        serving = list(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    @asynccontextmanager
    async def closed(self) -> AsyncIterator[None]:
        """Shut for a while: every connection is lost when it begins, and new ones get nowhere."""
        self._closed = True
        await self.lose_all()
        try:
            yield
        finally:
            self._closed = False

    def stall(self) -> None:
        """As when a cable is pulled: nothing passes any more, and nobody is told."""
        self._passing.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self.connections += 1
        try:
            if not self._closed:
                await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the connection is over, whoever ended it
        finally:
            self._serving.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection until either side ends it."""
        if isinstance(self.target, int):
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        else:
            up_reader, up_writer = await asyncio.open_unix_connection(self.target)
        answers = asyncio.create_task(self._forward_answers(up_reader, writer))
        requests = asyncio.create_task(
            self._forward_requests(reader, up_reader, up_writer, answers)
        )
        try:
            # Answers end by themselves only when their connection does.
            await asyncio.wait({requests, answers}, return_when=asyncio.FIRST_COMPLETED)
            if answers.cancelled():
                await requests
        finally:
            for pump in (requests, answers):
                pump.cancel()
            up_writer.close()
            await asyncio.gather(requests, answers, return_exceptions=True)

    async def _forward_requests(
        self,
        reader: asyncio.StreamReader,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
        answers: asyncio.Task[None],
    ) -> None:
        while data := await reader.read(65_536):
            await self._passing.wait()
            fate: Fate = "pass"
            if self._mark in data:
                fate = self._fate()
                self.fates.append(fate)
            if fate != "pass":
                answers.cancel()
            if fate != "lose-request":
                up_writer.write(data)
                await up_writer.drain()
            if fate == "lose-answer":
                # Postgres has committed once it answers; the answer goes nowhere.
                await asyncio.wait({answers})
                await up_reader.read(65_536)
            if fate != "pass":
                return

    async def _forward_answers(
        self, up_reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await up_reader.read(65_536):
            await self._passing.wait()
            if self.cuts:
                self.cuts -= 1
                # Whatever this was: the answer is made by now.
                await asyncio.sleep(0.1)
                return
            writer.write(data)
            await writer.drain()
