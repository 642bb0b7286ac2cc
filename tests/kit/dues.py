"""What the tests of jobs share: wallets with something due, and what became of it."""

from typing import Any

from msgspec.structs import replace

from ledger.core.flows.grant import Grant
from ledger.core.flows.order import OpenMembership, OrderOpened
from ledger.core.rejections import Rejection
from ledger.core.wire import decode_wallet, encode
from ledger.jobs.runner import run_once
from ledger.jobs.sweeper import SWEEP
from ledger.service import Ledger
from tests.kit.currencies import INSPIRATION

HOUR_US = 3_600 * 10**6
DAY_US = 24 * HOUR_US


async def clock(ledger: Ledger) -> int:
    """The service's clock."""
    return await ledger.clock.advance(0)


async def lots_that_expire(ledger: Ledger, wallets: int, in_us: int = HOUR_US) -> list[str]:
    """Wallets with one lot each, the later ones expiring a millisecond before those before them."""
    now = await clock(ledger)
    names = [f"w{number}" for number in range(wallets)]
    grants = [
        (
            f"g {name} {now}",
            Grant(name, INSPIRATION, 100, "promotional", "test", now + in_us - number * 1_000),
        )
        for number, name in enumerate(names)
    ]
    for answer in await ledger.submit_many("test", grants):
        assert not isinstance(answer, Exception | Rejection), answer
    return names


async def poison(ledger: Ledger, owner: Any, wallet_id: str) -> str:
    """Have a wallet pay for a month and store its membership without terms: its end then raises.

    Returns the state as it was, to be stored again.
    """
    opened_ = await ledger.submit("test", f"m {wallet_id}", month(wallet_id))
    assert isinstance(opened_.outcome, OrderOpened)
    await ledger.sandbox.pay(opened_.outcome.order.order_id)
    whole: str = await owner.fetchval("SELECT state FROM wallets WHERE wallet = $1", wallet_id)
    wallet = decode_wallet(whole)
    assert wallet.membership is not None
    broken = replace(wallet, membership=replace(wallet.membership, terms=()))
    await store_state(owner, wallet_id, encode(broken).decode())
    return whole


def month(wallet_id: str) -> OpenMembership:
    """An order of a month of gold."""
    return OpenMembership(wallet_id, "gold", "month", "sandbox")


async def store_state(owner: Any, wallet_id: str, state: str) -> None:
    """Write a wallet's state behind the ledger's back."""
    await owner.execute("UPDATE wallets SET state = $2 WHERE wallet = $1", wallet_id, state)


async def events_of(owner: Any, tag: str) -> list[Any]:
    """The events of a tag, in the order of the log."""
    rows: list[Any] = await owner.fetch(
        "SELECT shard, seq, wallet, caller, key_hash, occurred_at, recorded_at FROM events "
        "WHERE tag = $1 ORDER BY shard, seq",
        tag,
    )
    return rows


async def due_now(owner: Any) -> int:
    """How many wallets have something due."""
    count: int = await owner.fetchval(
        "SELECT count(*) FROM wallets WHERE due_at <= clock_timestamp() "
        "+ (SELECT offset_us FROM development_clock) * interval '1 microsecond'"
    )
    return count


async def drained(ledger: Ledger) -> int:
    """How many events sweeping until nothing is due records."""
    return sum([count async for count in run_once(ledger, SWEEP)])
