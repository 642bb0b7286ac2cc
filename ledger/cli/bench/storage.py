"""What Postgres alone does here: COPY of the engine's own rows, single commits, and pgbench."""

import asyncio
import re
import subprocess
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from msgspec import Struct

from ledger.cli.bench.figures import Sample, percentiles
from ledger.cli.bench.processes import ended, start
from ledger.cli.command_error import CommandError
from ledger.store.pool import Connection, connect_owner
from ledger.store.sql import statement

CHUNK: Final = 1_000
"""Debits in one commit: as many as the engine's largest batch has."""

_SCALE: Final = 10
_CLIENTS: Final = 16
_THREADS: Final = 2
_PATIENCE_S: Final = 120.0

_TPS: Final = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
_COUNT: Final = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
_LATENCY: Final = re.compile(r"^latency average = ([0-9.]+) ms", re.MULTILINE)


class Chunk(Struct, frozen=True):
    """The rows of some debits of one shard, as COPY writes and reads them, by table."""

    debits: int
    tables: tuple[tuple[str, bytes], ...]


async def make_tables(owner_url: str) -> None:
    """Make what is copied into and committed to."""
    connection = await connect_owner(owner_url)
    try:
        await connection.execute(statement("bench_tables"))
    finally:
        await connection.close()


async def vacuum(owner_url: str) -> None:
    """Do once what autovacuum would do, the planner's statistics among it."""
    connection = await connect_owner(owner_url)
    try:
        await connection.execute(statement("bench_vacuum"))
    finally:
        await connection.close()


async def read_chunks(owner_url: str, shards: int) -> list[list[Chunk]]:
    """What the engine wrote for a debit of every wallet, by shard.

    Read as binary COPY, so that nothing is left to encode when it is written: that would measure
    the client.
    """
    connection = await connect_owner(owner_url)
    try:
        return [await _chunks_of(connection, shard) for shard in range(shards)]
    finally:
        await connection.close()


async def _chunks_of(connection: Connection, shard: int) -> list[Chunk]:
    chunks = []
    row = await connection.fetchrow(statement("bench_debits"), shard)
    assert row is not None
    if row["first_seq"] is None:
        return []
    for first in range(row["first_seq"], row["last_seq"] + 1, CHUNK):
        last = min(first + CHUNK - 1, row["last_seq"])
        tables = (
            ("events", await _read(connection, "bench_events", shard, first, last)),
            ("requests", await _read(connection, "bench_requests", shard, first, last)),
            ("wallets", await _read(connection, "bench_wallets", shard, first, last)),
        )
        chunks.append(Chunk(last - first + 1, tables))
    return chunks


async def _read(connection: Any, name: str, *arguments: int) -> bytes:  # noqa: ANN401
    rows = BytesIO()
    await connection.copy_from_query(statement(name), *arguments, output=rows, format="binary")
    return rows.getvalue()


async def measure_copy(owner_url: str, chunks: Sequence[Sequence[Chunk]], seconds: float) -> Sample:
    """Copy all chunks in, a connection a shard as the engine has, until the time is over.

    The tables are emptied, untimed, before each pass: a wallet has but one row.
    """
    connections = [await connect_owner(owner_url) for shard in chunks if shard]
    spent_s, count, commits = 0.0, 0, list[float]()
    try:
        while spent_s < seconds:
            await connections[0].execute(statement("bench_empty"))
            started = perf_counter()
            counts = await asyncio.gather(
                *(
                    _copy(connection, shard, started + seconds - spent_s, commits)
                    for connection, shard in zip(connections, filter(None, chunks), strict=True)
                )
            )
            count += sum(counts)
            spent_s += perf_counter() - started
    finally:
        for connection in connections:
            await connection.close()
    p50_ms, p99_ms = percentiles(commits)
    notes = {"debits_a_commit": count / len(commits), "connections": float(len(connections))}
    return Sample(count=count, seconds=spent_s, p50_ms=p50_ms, p99_ms=p99_ms, notes=notes)


async def _copy(
    connection: Any,  # noqa: ANN401 - the pool's connection has no COPY
    chunks: Sequence[Chunk],
    until: float,
    commits: list[float],
) -> int:
    count = 0
    for chunk in chunks:
        started = perf_counter()
        if started >= until:
            break
        async with connection.transaction():
            for table, rows in chunk.tables:
                await connection.copy_to_table(
                    table, source=BytesIO(rows), schema_name="bench", format="binary"
                )
        commits.append(perf_counter() - started)
        count += chunk.debits
    return count


async def measure_commits(owner_url: str, seconds: float) -> Sample:
    """Commit single rows, one after the other."""
    connection = await connect_owner(owner_url)
    commits: list[float] = []
    try:
        commit = await connection.prepare(statement("bench_commit"))
        started = before = perf_counter()
        while before - started < seconds:
            await commit.fetchval(len(commits))
            now = perf_counter()
            commits.append(now - before)
            before = now
    finally:
        await connection.close()
    p50_ms, p99_ms = percentiles(commits)
    return Sample(count=len(commits), seconds=before - started, p50_ms=p50_ms, p99_ms=p99_ms)


def fill_pgbench(program: Path, url: str) -> None:
    """Make pgbench's own tables."""
    _pgbench([str(program), "--initialize", "--quiet", f"--scale={_SCALE}", url])


def measure_pgbench(program: Path, url: str, seconds: float) -> Sample:
    """TPC-B by the book: 16 clients; it knows whole seconds only."""
    output = _pgbench(
        [
            *(str(program), "--no-vacuum", f"--client={_CLIENTS}", f"--jobs={_THREADS}"),
            *(f"--time={max(1, round(seconds))}", url),
        ]
    )
    tps, count, latency = (pattern.search(output) for pattern in (_TPS, _COUNT, _LATENCY))
    if tps is None or count is None or latency is None:
        raise CommandError(f"pgbench said something else than expected:\n{output}")
    return Sample(
        count=int(count[1]),
        seconds=int(count[1]) / float(tps[1]),
        notes={"mean_ms": float(latency[1])},
    )


def _pgbench(command: list[str]) -> str:
    process = start(command, stderr=subprocess.STDOUT)
    with ended(process):
        output, _ = process.communicate(timeout=_PATIENCE_S)
    if process.returncode:
        raise CommandError(f"pgbench failed:\n{output.decode(errors='replace')}")
    return output.decode(errors="replace")
