"""A proxy before Postgres that loses connections: at COMMIT, before it arrives or its answer."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Literal, Self

Fate = Literal["pass", "lose-request", "lose-answer"]
COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"


class CommitProxy:
    """Forwards to a Postgres socket; `fate` is asked at every COMMIT what shall become of it.

    With another `mark` it is asked of whatever has these bytes in it instead.
    """

    def __init__(self, socket_path: str, fate: Callable[[], Fate], mark: bytes = COMMIT) -> None:
        self._socket_path, self._fate, self._mark = socket_path, fate, mark
        self.fates: list[Fate] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_unix_connection(self._socket_path)
        answers = asyncio.create_task(_pump(up_reader, writer))
        try:
            while data := await reader.read(65_536):
                fate: Fate = "pass"
                if self._mark in data:
                    fate = self._fate()
                    self.fates.append(fate)
                if fate != "pass":
                    answers.cancel()
                if fate == "lose-answer":
                    up_writer.write(data)
                    await up_writer.drain()
                    # The server has committed once it answers; the answer goes nowhere.
                    await up_reader.read(65_536)
                if fate != "pass":
                    return
                up_writer.write(data)
                await up_writer.drain()
        except ConnectionError:
            return
        finally:
            for stream in (writer, up_writer):
                stream.close()
            answers.cancel()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
