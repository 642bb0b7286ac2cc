"""What the tests of transfers share: givers with paid value, tips, and books that must agree."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ledger.core.flows.opening import ImportOpening, OpeningImported, OpeningLot
from ledger.core.flows.transfer import SendTransfer, TransferSent
from ledger.core.wallet import Transfer
from ledger.engine.lane import shard_of
from ledger.jobs.outbox import OUTBOX
from ledger.jobs.runner import run_once
from ledger.service import Ledger
from tests.kit.currencies import KUAIBI
from tests.kit.databases import Database, connected, differences
from tests.kit.serving import opened

SECOND_US = 10**6
OLD_US = 6 * SECOND_US
"""After so long the job takes up what was not sent on."""


@asynccontextmanager
async def dying(database: Database) -> AsyncIterator[Ledger]:
    """A service that answers and sends nothing on: it dies after every first half."""
    async with opened(database) as service:
        await service.outbox.close()
        yield service


async def fund(ledger: Ledger, wallet_ids: Sequence[str], fen: int = 100_00) -> None:
    """Give wallets paid KUAIBI, ten points a yuan."""
    now = await ledger.clock.advance(0)
    openings = []
    for wallet_id in wallet_ids:
        lot = OpeningLot("lot-1", KUAIBI, "purchased", fen * 10, now, None, paid=True, cost_fen=fen)
        openings.append((f"open {wallet_id}", ImportOpening(wallet_id, (lot,))))
    for answer in await ledger.submit_many("test", openings):
        assert not isinstance(answer, Exception), answer
        assert isinstance(answer.outcome, OpeningImported), answer


async def tip(
    ledger: Ledger, giver: str, creator: str, amount_minor: int = 1_000, key: str = "tip"
) -> Transfer:
    """Give a creator a tip; the transfer, which is in transit then."""
    done = await ledger.submit("test", key, SendTransfer(giver, creator, KUAIBI, amount_minor))
    assert isinstance(done.outcome, TransferSent), done.outcome
    assert done.outcome.transfer.status == "in_transit"
    return done.outcome.transfer


async def finish(ledger: Ledger) -> int:
    """Do the job until nothing is left for it; how much it sent on."""
    return sum([count async for count in run_once(ledger, OUTBOX)])


async def cny(ledger: Ledger, account: str) -> int:
    """The credit balance of an account, in fen."""
    rows = await ledger.reports.trial_balance(None, 156)
    return -sum(row.closing for row in rows if row.account == account)


async def payable(ledger: Ledger, wallet_id: str) -> int:
    """What is payable to a wallet's owner, in fen."""
    return (await ledger.wallets.read(wallet_id)).wallet.payable_fen


async def all_done(ledger: Ledger, transfers: Sequence[Transfer]) -> bool:
    """Whether every one of these is done."""
    for transfer in transfers:
        current = await ledger.wallets.read_transfer(transfer.from_wallet_id, transfer.transfer_id)
        assert current is not None, transfer
        if current.status != "done":
            return False
    return True


async def check(database: Database, transfers: Sequence[Transfer]) -> None:
    """Invariant 5: all are done, nothing is in transit, creators are owed their shares, once."""
    shares = sum(transfer.share_fen for transfer in transfers)
    async with opened(database) as ledger:
        assert await all_done(ledger, transfers)
        assert await cny(ledger, "in-transit") == 0
        assert await cny(ledger, "liabilities:creators") == shares
        for creator in {transfer.to_wallet_id for transfer in transfers}:
            own = sum(
                transfer.share_fen for transfer in transfers if transfer.to_wallet_id == creator
            )
            assert await payable(ledger, creator) == own
        for giver in {transfer.from_wallet_id for transfer in transfers}:
            assert (await ledger.wallets.read(giver)).wallet.transfers == ()
    assert await differences(database) == []
    async with connected(database.owner_url) as owner:
        unsent = "SELECT count(*) FROM wallets WHERE unsent_since IS NOT NULL"
        assert await owner.fetchval(unsent) == 0


def in_shard(name: str, shard: int) -> str:
    """A wallet id beginning with a name that belongs to a shard of two."""
    return next(f"{name}{i}" for i in range(100) if shard_of(f"{name}{i}", 2) == shard)
