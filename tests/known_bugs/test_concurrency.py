"""Many at once: overspending, deadlocks, and locks that somebody who is gone left behind."""

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ledger.core.batch import Done
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.grant import Grant, LotGranted
from ledger.core.flows.order import OpenRecharge, OrderOpened
from ledger.core.flows.transfer import SendTransfer, TransferSent
from ledger.engine import Unavailable
from ledger.engine.lane import shard_of
from ledger.service import Ledger
from ledger.store.pool import connect_service
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.databases import Database, differences, shards_locked, until_somebody_waits
from tests.kit.http_calls import balance, funded, post, problem
from tests.kit.http_steps import body_of
from tests.kit.serving import Client, Served, client_of, opened, serving
from tests.kit.steps import available, done, give, order_now, paid
from tests.kit.waiting import until

SHARD = 0
ONE = {"currency": "INSPIRATION", "amount": "1"}


async def test_concurrent_jobs_never_overspend_one_balance(http: Client) -> None:
    """open-saas#727: concurrent jobs overspent one balance.

    Rule: every part of a wallet is at least 0, at every seq; what is too much is 402.
    """
    wallet = await funded(http, "10")
    three = ONE | {"amount": "0.3"}
    answers = await asyncio.gather(*(post(http, f"{wallet}/debits", three) for _ in range(60)))
    won = [answer.json()["available_after"] for answer in answers if answer.status_code == 201]
    assert sorted(won) == sorted(f"{left / 100:.2f}" for left in range(10, 1_000, 30))
    for answer in answers:
        if answer.status_code != 201:
            assert problem(answer, 402, "insufficient-funds")["available"] == "0.10"
    assert await balance(http, wallet) == ("0.10", "0.00")


async def test_two_processes_never_overspend_one_balance(here: Client, there: Client) -> None:
    """eliza#10857: concurrent jobs overspent one balance.

    Rule: the shard's lock is taken before anything is read, in whichever process.
    """
    wallet = await funded(here, "10")
    answers = await asyncio.gather(
        *(
            post(client, f"{wallet}/{call}", ONE)
            for client in (here, there)
            for call in ("debits", "holds")
            for _ in range(8)
        )
    )
    assert sum(answer.status_code == 201 for answer in answers) == 10
    assert {answer.status_code for answer in answers} == {201, 402}
    left, held = await balance(there, wallet)
    opened = sum("hold_id" in answer.json() for answer in answers if answer.status_code == 201)
    assert (left, held) == ("0.00", f"{opened}.00")


async def test_concurrent_refunds_never_exceed_the_capture(http: Client) -> None:
    """hyperswitch#13182: concurrent refunds exceeded the capture.

    Rule: no more than was charged comes back, ever; the rest is 409 and changes nothing.
    """
    wallet = await funded(http, "10")
    hold = body_of(await post(http, f"{wallet}/holds", ONE | {"amount": "4"}))
    captured = await post(http, f"{wallet}/holds/{hold['hold_id']}/capture", {"amount": "3"})
    refund = f"{wallet}/charges/{body_of(captured)['charge_id']}/refund"
    answers = await asyncio.gather(
        *(post(http, refund, {"amount": "1", "reason": "it failed"}) for _ in range(12)),
        *(post(http, refund, {"amount": "2", "reason": "it failed"}) for _ in range(4)),
    )
    back = [float(answer.json()["refunded_now"]) for answer in answers if answer.status_code == 200]
    assert sum(back) <= 3
    for answer in answers:
        if answer.status_code != 200:
            problem(answer, 409, "refund-exceeds-charge")
    rest = await post(http, refund, {"reason": "all that is left"})
    assert sum(back) + float(rest.json().get("refunded_now", 0)) == 3
    assert await balance(http, wallet) == ("10.00", "0.00")


async def test_requests_whose_callers_left_leave_no_lock_behind(
    http: Client, served: Served
) -> None:
    """ledger#767: deadlocks, and locks left behind when a request was cancelled.

    Rule: a caller that goes away undoes nothing and holds nothing; its key tells what became of
    it.
    """
    wallet = await funded(http, "100")
    keys = [uuid.uuid4().hex for _ in range(20)]
    async with client_of(served) as leaving:
        async with shards_locked(served.database_url) as locking:
            calls = [
                asyncio.create_task(post(leaving, f"{wallet}/debits", ONE, key=key)) for key in keys
            ]
            await until_somebody_waits(locking)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
        await funded(http, "1")
    for key in keys:
        assert (await post(http, f"{wallet}/debits", ONE, key=key)).status_code == 201
    assert await balance(http, wallet) == ("80.00", "0.00")
    connection = await connect_service(served.database_url)
    try:
        await until(lambda: _nobody_in_a_transaction(connection))
    finally:
        await connection.close()


async def _nobody_in_a_transaction(connection: Any) -> bool:
    count: int = await connection.fetchval(
        "SELECT count(*) FROM pg_locks INNER JOIN pg_stat_activity USING (pid) "
        "WHERE relation = 'shards'::regclass AND pid <> pg_backend_pid() "
        "AND pg_stat_activity.datname = current_database()"
    )
    return count == 0


async def test_wallets_locked_in_opposite_orders_never_deadlock(
    ledger: Ledger, database: Database, owner: Any
) -> None:
    """blnk#276: deadlocks, and locks left behind when a request was cancelled.

    Rule: the shard's head row is the only lock, so there is nothing to take in another order.
    """
    names = [f"w{number}" for number in range(8)]
    for name in names:
        await paid(ledger, OpenRecharge(name, KUAIBI, 1_000, "sandbox"))
        await done(ledger, Grant(name, INSPIRATION, 1_000, "promotional", "test"), LotGranted)
    async with opened(database) as other:
        for turn in range(10):
            answers = await asyncio.gather(
                *(_spend_along(ledger, f"a{turn}", names), _spend_along(ledger, f"b{turn}", names)),
                *(_spend_along(other, f"c{turn}", names[::-1]),),
                _tip(ledger, "w0", "w1"),
                _tip(other, "w1", "w0"),
            )
            for replies in answers:
                assert all(isinstance(answer, Done) for answer in replies)
    assert await available(ledger, "w3") == 1_000 - 30
    assert await available(ledger, "w0", KUAIBI) == 10_000 - 10
    assert await owner.fetchval(
        "SELECT deadlocks = 0 AND conflicts = 0 FROM pg_stat_database "
        "WHERE datname = current_database()"
    )


async def _spend_along(service: Ledger, prefix: str, names: list[str]) -> list[Any]:
    debits = [(f"{prefix}-{name}", Debit(name, INSPIRATION, 1)) for name in names]
    return await service.submit_many("test", debits)


async def _tip(service: Ledger, giver: str, receiver: str) -> list[Any]:
    await done(service, SendTransfer(giver, receiver, KUAIBI, 1), TransferSent)
    return []


@asynccontextmanager
async def _stopped_inside_a_batch(
    doomed: Served, owner: Any, order_id: str
) -> AsyncIterator[asyncio.Task[Any]]:
    """A server asked to pay an order, and stopped between the shard's lock and its COMMIT."""
    async with client_of(doomed) as client:
        async with owner.transaction():
            await owner.execute("LOCK TABLE blocks IN SHARE MODE")
            paying = asyncio.create_task(client.post(f"/v1/channels/sandbox/orders/{order_id}/pay"))
            await until(lambda: _appending(owner, "Lock"))
            os.killpg(doomed.process.pid, signal.SIGSTOP)
        await until(lambda: _appending(owner, "Client"))
        yield paying
        paying.cancel()
        await asyncio.gather(paying, return_exceptions=True)


async def _appending(owner: Any, waits_for: str) -> bool:
    """Whether some session has come to appending its batch, and waits there for this."""
    await owner.execute("SELECT pg_stat_clear_snapshot()")
    count: int = await owner.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND query LIKE '-- Append%' AND wait_event_type = $1",
        waits_for,
    )
    return count > 0


async def _paid_by_somebody_else(ledger: Ledger, order_id: str) -> None:
    """Pay again until it is paid."""

    async def is_paid() -> bool:
        with suppress(Unavailable):
            await ledger.sandbox.pay(order_id)
        return (await order_now(ledger, order_id)).status == "paid"

    await until(is_paid, "the payment's shard is locked for ever")


async def _recharge(ledger: Ledger, wallet_id: str) -> str:
    """An order of a wallet on SHARD."""
    assert shard_of(wallet_id, 2) == SHARD
    command = OpenRecharge(wallet_id, INSPIRATION, 1_000, "sandbox")
    return (await done(ledger, command, OrderOpened)).order.order_id


async def test_a_payment_whose_service_is_killed_inside_it_wedges_nobody(
    ledger: Ledger, database: Database, owner: Any, tmp_path: Path
) -> None:
    """polar#13272: a payment lock was wedged for ever.

    Rule: a lock is its connection's: it is gone with the process, and what was not committed with
    it. Others pay the order within seconds, once.
    """
    order_id = await _recharge(ledger, "dead")
    async with (
        serving(database, tmp_path, LEDGER_JOBS="off") as doomed,
        _stopped_inside_a_batch(doomed, owner, order_id),
    ):
        os.killpg(doomed.process.pid, signal.SIGKILL)
        await _paid_by_somebody_else(ledger, order_id)
        await asyncio.to_thread(doomed.process.communicate)
    charged = await done(ledger, Debit("dead", INSPIRATION, 100), DebitCharged)
    assert charged.available_after_minor == 9_900
    assert await differences(database) == []


@pytest.mark.faults
async def test_a_payment_whose_service_stops_inside_it_wedges_nobody(
    ledger: Ledger, database: Database, owner: Any, tmp_path: Path
) -> None:
    """polar#13272: a payment lock was wedged for ever.

    Rule: Postgres ends a batch that is idle for 10 s. Meanwhile reads and the other shards go on,
    and the payment is credited exactly once, also when the stopped process comes back.
    """
    before, order_id = [await _recharge(ledger, name) for name in ("before", "stopped")]
    elsewhere = next(name for name in ("v0", "v1", "v2", "v3") if shard_of(name, 2) != SHARD)
    async with (
        serving(database, tmp_path, LEDGER_JOBS="off") as doomed,
        client_of(doomed) as client,
    ):
        body_of(await client.post(f"/v1/channels/sandbox/orders/{before}/pay"))
        async with _stopped_inside_a_batch(doomed, owner, order_id) as paying:
            assert await available(ledger, "stopped") == 0
            await give(ledger, elsewhere)
            assert await _appending(owner, "Client"), "they waited for the batch to end"
            await _paid_by_somebody_else(ledger, order_id)
            os.killpg(doomed.process.pid, signal.SIGCONT)
            # It cannot know what became of its batch while it slept; asked again it does.
            problem(await paying, 503, "outcome-unknown")
            again = await client.post(f"/v1/channels/sandbox/orders/{order_id}/pay")
            assert body_of(again)["status"] == "paid"
    assert await available(ledger, "stopped") == 10_000
    assert await differences(database) == []


@pytest.mark.parametrize(
    "setting",
    [
        "lock_timeout",
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "transaction_timeout",
    ],
)
async def test_every_batch_ends_by_itself_whatever_its_process_does(
    ledger: Ledger, setting: str
) -> None:
    """polar#13272: a payment lock was wedged for ever.

    Rule: the server ends a batch that takes too long, in whatever state its session is.
    """
    async with ledger._engine_pool.acquire() as connection:
        limit_ms = await connection.fetchval(
            "SELECT setting::integer FROM pg_settings WHERE name = $1", setting
        )
    assert 0 < limit_ms <= 30_000


@pytest.mark.faults
async def test_a_payment_whose_service_stops_as_it_prepares_wedges_nobody(
    ledger: Ledger, database: Database, owner: Any, tmp_path: Path
) -> None:
    """polar#13272: a payment lock was wedged for ever.

    Rule: the same at the first batch of a connection, where the server waits for the rest of a
    statement: such a session counts as active, not as idle.
    """
    order_id = await _recharge(ledger, "stopped")
    async with (
        serving(database, tmp_path, LEDGER_JOBS="off") as doomed,
        _stopped_inside_a_batch(doomed, owner, order_id),
    ):
        await _paid_by_somebody_else(ledger, order_id)
    assert await available(ledger, "stopped") == 10_000
    assert await differences(database) == []
