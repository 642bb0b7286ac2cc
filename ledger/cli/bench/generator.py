"""The load generator, a process of its own: raw sockets and prepared bytes, so that it is cheap.

Run with `python -m`; reads jobs from standard input until that ends, so it outlives nobody.
"""

import asyncio
import gc
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable
from typing import Final, cast

import msgspec
import uvloop

from ledger.cli.bench.figures import percentiles
from ledger.cli.bench.http2 import Connection
from ledger.cli.bench.jobs import Job, Result
from ledger.cli.bench.messages import calls_of
from ledger.cli.bench.requests import Requests, requests_of

ANSWERS_PATIENCE_S: Final = 30.0
"""How long answers are waited for after the last request was sent."""

RPC_CONNECTIONS: Final = 4
"""Over how many connections gRPC calls are spread; the calls at once are a multiple of it."""

_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "
_REPLAYED: Final = b"idempotency-replayed: true"


class Load:
    """One job under way: hands out request numbers, and counts what came of them."""

    def __init__(self, job: Job) -> None:
        self.requests: Requests = requests_of(job)
        self.seconds = array("d")
        self.statuses: Counter[str] = Counter()
        self.replayed = 0
        self.active = job.connections
        self.over = asyncio.get_running_loop().create_future()
        self._sent, self._most = 0, job.most
        self._deadline = 0.0

    def start(self, seconds: float) -> None:
        """From now on requests may be sent."""
        self._deadline = time.perf_counter() + seconds

    def next_number(self) -> int | None:
        """The number of the next request; None when no more are to be sent."""
        if self._sent >= self._most or time.perf_counter() >= self._deadline:
            return None
        self._sent += 1
        return self._sent - 1

    def took(self, seconds: float, refusal: str | None) -> None:
        """Count what came of a call."""
        if refusal is None:
            self.seconds.append(seconds)
        else:
            self.statuses[refusal] += 1

    def leave(self) -> None:
        """A connection has nothing more to do."""
        self.active -= 1
        if not self.active and not self.over.done():
            self.over.set_result(None)


class Client(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._number: int | None = None
        self._step = 0
        self._started = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Nothing is sent before every connection stands."""
        # uvloop's transports have the methods of asyncio's, but are none of them.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The service never closes a connection that has something to do."""
        if self._number is not None:
            self._load.statuses["connection lost"] += 1
            self._number = None
            self._load.leave()

    def begin(self) -> None:
        """Send the next request, or leave."""
        load = self._load
        self._number = load.next_number()
        self._step = 0
        if self._number is None:
            load.leave()
            return
        self._started = time.perf_counter()
        self._send(self._number)

    def _send(self, number: int) -> None:
        assert self._transport is not None
        self._transport.write(self._load.requests.bytes_of(number, self._step))

    def data_received(self, data: bytes) -> None:
        """Take what came; go on once the whole answer is there."""
        received = self._received = self._received + data if self._received else data
        head_end = received.find(_HEAD_END)
        if head_end < 0:
            return
        length_at = received.find(_LENGTH, 0, head_end)
        length_end = received.find(b"\r", length_at)
        if length_at < 0:
            raise ValueError("an answer without content-length")
        length = int(received[length_at + len(_LENGTH) : length_end])
        if len(received) >= head_end + len(_HEAD_END) + length:
            self._received = b""
            self._take(received, head_end)

    def _take(self, answer: bytes, head_end: int) -> None:
        load, number = self._load, self._number
        if number is None:
            return  # it came after the job was given up
        refusal = load.requests.refusal_in(answer, self._step)
        if refusal is not None:
            load.statuses[refusal] += 1
        else:
            if answer.find(_REPLAYED, 0, head_end) >= 0:
                load.replayed += 1
            self._step += 1
            if self._step < load.requests.steps:
                self._send(number)
                return
            load.seconds.append(time.perf_counter() - self._started)
        self.begin()

    def close(self) -> None:
        """Hang up."""
        self._number = None
        if self._transport is not None:
            self._transport.close()


async def run(job: Job) -> Result:
    """Connect, make the load, hang up."""
    loop = asyncio.get_running_loop()
    load = Load(job)
    clients: list[Client | Connection] = []
    make, count = _clients(job, load)
    try:
        for _ in range(count):
            _, client = await loop.create_connection(make, "127.0.0.1", job.port)
            clients.append(client)
        started, cpu_s = time.perf_counter(), time.process_time()
        load.start(job.seconds)
        for client in clients:
            client.begin()
        _, unanswered = await asyncio.wait([load.over], timeout=job.seconds + ANSWERS_PATIENCE_S)
        seconds = time.perf_counter() - started
        if unanswered:
            load.statuses["no answer"] += load.active
    finally:
        for client in clients:
            client.close()
    p50_ms, p99_ms = percentiles(load.seconds)
    return Result(
        answered=len(load.seconds),
        seconds=seconds,
        p50_ms=p50_ms,
        p99_ms=p99_ms,
        statuses=dict(load.statuses),
        replayed=load.replayed,
        cpu_s=time.process_time() - cpu_s,
    )


def _clients(job: Job, load: Load) -> tuple[Callable[[], Client | Connection], int]:
    """What makes a connection, and how many are needed."""
    if job.over == "http":
        return lambda: Client(load), job.connections
    count = min(job.connections, RPC_CONNECTIONS)
    calls, at_once = calls_of(job), job.connections // count
    return lambda: Connection(load, calls, job.key, at_once), count


def main() -> None:
    """Do job after job."""
    # Nothing here makes cycles while it counts, and a collection would look like a slow answer.
    gc.disable()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin.buffer:
            result = runner.run(run(msgspec.json.decode(line, type=Job)))
            sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
            sys.stdout.buffer.flush()
            gc.collect()


if __name__ == "__main__":
    main()
