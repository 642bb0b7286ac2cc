"""Sorts more records than memory should hold, by way of temporary files without a name."""

import heapq
from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from typing import IO, Final, Self

RUN_BYTES: Final = 32 << 20
"""Records are sorted in memory, and put aside, by so many bytes."""

RUNS_MAX: Final = 128
"""Sorted runs that are open at once; before there are more, they are merged into one."""

_BUFFER_BYTES: Final = 1 << 16


class Scratch:
    """A bag of byte strings without line feeds, read in their order as often as one likes.

    It is under TMPDIR; its files have no names, so that nothing is left of them after a kill.
    """

    def __init__(self, run_bytes: int = RUN_BYTES, runs_max: int = RUNS_MAX) -> None:
        self._run_bytes, self._runs_max = run_bytes, runs_max
        self._runs: list[IO[bytes]] = []
        self._records: list[bytes] = []
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for run in self._runs:
            run.close()

    def add(self, record: bytes) -> None:
        """Put a record in."""
        self._records.append(record)
        self._bytes += len(record)
        if self._bytes >= self._run_bytes:
            self._put_aside()

    def stream(self) -> Iterator[bytes]:
        """All records in their order."""
        self._put_aside()
        yield from _merged(self._runs)

    def _put_aside(self) -> None:
        if not self._records:
            return
        self._records.sort()
        if len(self._runs) == self._runs_max:
            merged = _run_of(_merged(self._runs))
            for run in self._runs:
                run.close()
            self._runs = [merged]
        self._runs.append(_run_of(self._records))
        self._records, self._bytes = [], 0


def _run_of(records: Iterable[bytes]) -> IO[bytes]:
    run = TemporaryFile(prefix="ledger-import-", buffering=_BUFFER_BYTES)  # noqa: SIM115 - kept open
    run.writelines(record + b"\n" for record in records)
    run.flush()
    return run


def _merged(runs: list[IO[bytes]]) -> Iterator[bytes]:
    for run in runs:
        run.seek(0)
    # A line feed sorts after the bytes that part a record: it is no part of one here.
    return heapq.merge(*(map(_without_line_feed, run) for run in runs))


def _without_line_feed(line: bytes) -> bytes:
    return line[:-1]
