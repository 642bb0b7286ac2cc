"""The service over HTTP and gRPC: jobs for the load generator, and how each is judged."""

import time
from typing import Literal

from msgspec.structs import replace

from ledger.cli.bench.figures import Sample
from ledger.cli.bench.jobs import COMMANDS, Job, Result
from ledger.cli.bench.processes import Generator, Service

_MOST = 10_000_000
"""No measurement sends more; the keys' numbers have room for that."""


class HttpLoad:
    """Load on one service; remembers how much memory its worker had after each measurement."""

    def __init__(self, service: Service, generator: Generator, wallets: int) -> None:
        self._service, self._generator, self._wallets = service, generator, wallets
        self._debits: tuple[Job, int] | None = None
        self._run = 0
        self.memory_mb: list[float] = []

    def warm_up(self, seconds: float) -> None:
        """Requests that nobody measures; what the worker holds after them is its base."""
        self._generator.run(self._job("batch", 2, seconds))
        self._generator.run(self._job("debit", 64, seconds))
        self._generator.run(self._job("debit", 64, seconds, over="grpc"))
        self.memory_mb.append(self._service.usage().memory_mb)

    def measure_debits(self, connections: int, seconds: float) -> Sample:
        """Single debits."""
        job = self._job("debit", connections, seconds)
        result, sample = self._measure(job)
        if connections == 64 or self._debits is None:
            self._debits = (job, result.answered)
        return sample

    def measure_replays(self, connections: int, seconds: float) -> Sample:
        """The debits of an earlier measurement again; each must be answered as a replay."""
        if self._debits is None:
            self.measure_debits(connections, seconds)
        assert self._debits is not None
        job, answered = self._debits
        again = replace(job, connections=connections, seconds=seconds, most=answered)
        result, sample = self._measure(again)
        if result.replayed < result.answered:
            sample.failed["done anew"] = result.answered - result.replayed
        return sample

    def measure_batches(self, connections: int, seconds: float) -> Sample:
        """Batches of 1,000 debits; counted are the debits."""
        _, sample = self._measure(self._job("batch", connections, seconds), each=COMMANDS)
        return sample

    def measure_rpc_debits(self, at_once: int, seconds: float) -> Sample:
        """Single debits over gRPC."""
        _, sample = self._measure(self._job("debit", at_once, seconds, over="grpc"))
        return sample

    def measure_rpc_batches(self, at_once: int, seconds: float) -> Sample:
        """Batches of 1,000 debits over gRPC; counted are the debits."""
        _, sample = self._measure(self._job("batch", at_once, seconds, over="grpc"), each=COMMANDS)
        return sample

    def measure_holds(self, connections: int, seconds: float) -> Sample:
        """A hold and its capture, one after the other; counted are the pairs."""
        _, sample = self._measure(self._job("hold", connections, seconds))
        return sample

    def _job(
        self,
        kind: Literal["debit", "batch", "hold"],
        connections: int,
        seconds: float,
        over: Literal["http", "grpc"] = "http",
    ) -> Job:
        # Later than the keys of any earlier job: those grow by less than a millisecond a request.
        self._run = max(time.time_ns() // 1_000_000, self._run + 1)
        return Job(
            kind=kind,
            port=self._service.port if over == "http" else self._service.grpc_port,
            over=over,
            key=self._service.key,
            connections=connections,
            seconds=seconds,
            wallets=self._wallets,
            run=self._run,
            most=_MOST,
        )

    def _measure(self, job: Job, *, each: int = 1) -> tuple[Result, Sample]:
        before = self._service.usage()
        result = self._generator.run(job)
        after = self._service.usage()
        self.memory_mb.append(after.memory_mb)
        worker_cpu_s = after.cpu_s - before.cpu_s
        sample = Sample(
            count=result.answered * each,
            seconds=result.seconds,
            p50_ms=result.p50_ms,
            p99_ms=result.p99_ms,
            failed=dict(result.statuses),
            notes={
                "worker_cpu_share": worker_cpu_s / result.seconds,
                "worker_cpu_us": worker_cpu_s / max(1, result.answered * each) * 1e6,
                "generator_cpu_share": result.cpu_s / result.seconds,
            },
        )
        return result, sample
