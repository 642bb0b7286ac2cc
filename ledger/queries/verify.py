"""Verify: derive everything again from the log, in one snapshot beside a serving process."""

from collections.abc import AsyncIterator, Callable

from ledger.core.chart import IN_TRANSIT
from ledger.core.findings import Finding
from ledger.core.verification import ShardVerification
from ledger.core.verification_transfers import TransferAudit
from ledger.store import verification
from ledger.store.pool import Connection
from ledger.store.schema import read_facts


async def verify(connection: Connection, on_event: Callable[[int], None]) -> AsyncIterator[Finding]:
    """Every difference between the log and what is stored; nothing when all is well.

    `on_event` is called with how many events were followed since it was called last.
    """
    facts = await read_facts(connection)
    await verification.begin_snapshot(connection)
    transfers, in_transit_fen = TransferAudit(), 0
    try:
        for shard in range(facts.shards):
            shard_verification = ShardVerification(shard, transfers)
            async for finding in _verify_log(connection, shard_verification, on_event):
                yield finding
            in_transit_fen += shard_verification.booked_fen(IN_TRANSIT)
            async for finding in _verify_derived(connection, shard_verification):
                yield finding
        for finding in transfers.check(in_transit_fen):
            yield finding
    finally:
        if not connection.is_closed():
            await connection.execute("ROLLBACK")


async def _verify_log(
    connection: Connection, shard_verification: ShardVerification, on_event: Callable[[int], None]
) -> AsyncIterator[Finding]:
    shard = shard_verification.shard
    blocks = verification.stream_blocks(connection, shard)
    block = await anext(blocks, None)
    snapshots = verification.stream_snapshots(connection, shard)
    snapshot = await anext(snapshots, None)
    async for record in verification.stream_events(connection, shard):
        for finding in shard_verification.follow(record):
            yield finding
        while snapshot is not None and snapshot[1] <= record.seq:
            for finding in shard_verification.check_snapshot(*snapshot):
                yield finding
            snapshot = await anext(snapshots, None)
        while block is not None and block.last_seq <= record.seq:
            for finding in shard_verification.close_block(block):
                yield finding
            block = await anext(blocks, None)
        on_event(1)
    while snapshot is not None:
        for finding in shard_verification.check_snapshot(*snapshot):
            yield finding
        snapshot = await anext(snapshots, None)
    while block is not None:
        for finding in shard_verification.close_block(block):
            yield finding
        block = await anext(blocks, None)
    for finding in shard_verification.check_head(*await verification.read_head(connection, shard)):
        yield finding


async def _verify_derived(
    connection: Connection, shard_verification: ShardVerification
) -> AsyncIterator[Finding]:
    shard = shard_verification.shard
    for finding in shard_verification.check_liabilities():
        yield finding
    async for stored in verification.stream_wallets(connection, shard):
        for finding in shard_verification.check_wallet(stored):
            yield finding
    async for wallet_id, ref, state in verification.stream_documents(connection, shard):
        for finding in shard_verification.check_document(wallet_id, ref, state):
            yield finding
    async for key, debit, credit in verification.stream_totals(connection, shard):
        for finding in shard_verification.check_total(key, debit, credit):
            yield finding
    for finding in shard_verification.check_rest():
        yield finding
    for wallet_id, caller, problem in await verification.stray_requests(connection, shard):
        yield Finding("request", f"of {caller} on wallet {wallet_id}", problem)
