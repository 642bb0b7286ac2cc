"""Holds around work: captured when it succeeds, voided when it does not, whatever gets lost."""

import asyncio
import logging
from decimal import Decimal

import pytest

from ledger.client import (
    CaptureExceedsHold,
    HoldNotOpen,
    HoldScope,
    IdempotencyKeyReused,
    InsufficientFunds,
    LedgerClient,
    OutcomeUnknown,
    RetryPolicy,
    Unavailable,
)
from tests.client.conftest import QUICK, funded, left
from tests.kit.http_proxy import Fault, FaultyWay
from tests.kit.keys import DEV_KEY
from tests.kit.waiting import until

LOST: list[Fault] = ["cut-after"] * QUICK.attempts_max
BUSY: list[Fault] = ["busy"] * QUICK.attempts_max


def ten(client: LedgerClient, wallet_id: str, **more: str) -> HoldScope:
    """A hold of 10."""
    key = more.get("idempotency_key")
    return client.hold(wallet_id, currency="INSPIRATION", amount=10, idempotency_key=key)


def fail(way: FaultyWay, *faults: Fault) -> None:
    """Fail the block, and have its void meet those."""
    way.faults.extend(faults)
    raise ZeroDivisionError


def lost(amount: int, way: FaultyWay) -> int:
    """An amount whose capture never gets there."""
    way.faults.extend(["cut-before"] * QUICK.attempts_max)
    return amount


async def voided(client: LedgerClient, hold: HoldScope) -> Exception:
    """An error, after somebody else voided the hold."""
    await client.void(hold.hold.wallet_id, hold.hold_id)
    return ZeroDivisionError()


async def settled(client: LedgerClient, wallet_id: str) -> tuple[str, str]:
    """The balance once nothing is held any more."""

    async def nothing_held() -> bool:
        return (await left(client, wallet_id))[1] == "0.00"

    await until(nothing_held)
    return await left(client, wallet_id)


async def test_success_captures_everything(client: LedgerClient) -> None:
    """What was held is charged at the end of the block, and not before."""
    wallet_id = await funded(client)
    async with ten(client, wallet_id) as hold:
        assert await left(client, wallet_id) == ("90.00", "10.00")
        assert hold.charge is None
    assert hold.charge is not None
    assert (hold.charge.captured, hold.charge.returned) == (Decimal(10), Decimal(0))
    assert await left(client, wallet_id) == ("90.00", "0.00")


async def test_a_part_is_captured_and_the_rest_returned(client: LedgerClient) -> None:
    """By `capture_amount` at the end, or by `capture` at once."""
    wallet_id = await funded(client)
    async with ten(client, wallet_id) as hold:
        hold.capture_amount = Decimal("2.5")
    async with ten(client, wallet_id) as hold:
        assert (await hold.capture(3)).returned == 7
        assert await left(client, wallet_id) == ("94.50", "0.00")
    assert await left(client, wallet_id) == ("94.50", "0.00")


async def test_a_capture_that_cannot_be_is_refused_in_the_block(client: LedgerClient) -> None:
    """A float, nothing, or more than is held: while the work can still be given up."""
    wallet_id = await funded(client)
    wrong: list[object] = [0, 11, "-1"]
    for amount in wrong:
        with pytest.raises(ValueError, match="to be captured"):
            async with ten(client, wallet_id) as hold:
                hold.capture_amount = amount  # type: ignore[assignment]
        with pytest.raises(ValueError, match="to be captured"):
            async with ten(client, wallet_id) as hold:
                await hold.capture(amount)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        async with ten(client, wallet_id) as hold:
            hold.capture_amount = 1.5  # type: ignore[assignment]
    assert await left(client, wallet_id) == ("100.00", "0.00")


async def test_an_error_voids_and_goes_on(client: LedgerClient) -> None:
    """The block's own error is what the caller sees."""
    wallet_id = await funded(client)
    with pytest.raises(ZeroDivisionError) as failed:
        async with ten(client, wallet_id) as hold:
            raise ZeroDivisionError
    assert not getattr(failed.value, "__notes__", [])
    assert (await client.read_hold(wallet_id, hold.hold_id)).status == "voided"
    assert await left(client, wallet_id) == ("100.00", "0.00")


async def test_a_void_in_the_block_is_the_end_of_it(client: LedgerClient) -> None:
    """Whether the block then ends or fails."""
    wallet_id = await funded(client)
    async with ten(client, wallet_id) as hold:
        assert (await hold.extend(60)).expires_at < hold.hold.authorized_at.replace(year=9999)
        await hold.void()
    assert hold.charge is None
    assert await left(client, wallet_id) == ("100.00", "0.00")


async def test_a_cancelled_block_is_voided(client: LedgerClient) -> None:
    """The void is done by the time the cancellation is seen."""
    wallet_id, begun = await funded(client), asyncio.Event()

    async def work() -> None:
        async with ten(client, wallet_id):
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await left(client, wallet_id) == ("100.00", "0.00")


async def test_a_void_goes_on_when_it_is_cancelled_too(
    client: LedgerClient, far: LedgerClient, way: FaultyWay
) -> None:
    """A second cancellation goes on at once; the void ends behind it, and `aclose` waits for it."""
    wallet_id, begun = await funded(client), asyncio.Event()

    async def work() -> None:
        async with ten(far, wallet_id):
            way.faults.append("silence")
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    await until(lambda: len(way.heads) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await far.aclose()
    assert await left(client, wallet_id) == ("100.00", "0.00")
    assert len(way.heads) == 3, "the first attempt of the void was lost"


async def test_an_entry_that_is_cancelled_leaves_no_hold(
    client: LedgerClient, far: LedgerClient, way: FaultyWay
) -> None:
    """Wherever the authorization was: it is waited for behind the cancellation, and voided."""
    wallet_id = await funded(client)

    async def work() -> None:
        async with ten(far, wallet_id):
            raise AssertionError("the block may not begin")

    way.faults.append("silence")
    task = asyncio.create_task(work())

    async def held() -> bool:
        return await left(client, wallet_id) == ("90.00", "10.00")

    await until(held)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await settled(client, wallet_id) == ("100.00", "0.00")


async def test_a_capture_is_finished_though_it_is_cancelled(
    client: LedgerClient, far: LedgerClient, way: FaultyWay
) -> None:
    """The work is done, so it is paid for."""
    wallet_id, ending = await funded(client), asyncio.Event()

    async def work() -> None:
        async with ten(far, wallet_id):
            way.faults.append("cut-before")
            ending.set()

    task = asyncio.create_task(work())
    await ending.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await settled(client, wallet_id) == ("90.00", "0.00")


async def test_lost_answers_change_nothing(
    client: LedgerClient, far: LedgerClient, way: FaultyWay
) -> None:
    """Of the authorization, the capture and the void."""
    wallet_id = await funded(client)
    way.faults.extend(["cut-after", "half"])
    async with ten(far, wallet_id) as hold:
        way.faults.extend(["reset", "silence"])
    assert hold.charge is not None
    with pytest.raises(ZeroDivisionError):
        async with ten(far, wallet_id):
            fail(way, "gateway", "cut-after")
    assert await left(client, wallet_id) == ("90.00", "0.00")


async def test_a_capture_whose_outcome_is_unknown_is_never_voided(
    client: LedgerClient, far: LedgerClient, way: FaultyWay
) -> None:
    """The caller resolves it; at the end of the block and in it."""
    wallet_id = await funded(client)
    with pytest.raises(OutcomeUnknown) as unknown:
        async with ten(far, wallet_id):
            way.faults.extend(LOST)
    assert (await client.resolve(unknown.value)).captured == 10
    with pytest.raises(OutcomeUnknown) as unknown:
        async with ten(far, wallet_id) as hold:
            await hold.capture(lost(4, way))
    assert await left(client, wallet_id) == ("80.00", "10.00")
    assert (await client.resolve(unknown.value)).captured == 4
    assert await left(client, wallet_id) == ("86.00", "0.00")


async def test_a_failed_void_is_told_and_masks_nothing(
    client: LedgerClient, far: LedgerClient, way: FaultyWay, caplog: pytest.LogCaptureFixture
) -> None:
    """A note on the block's own error and a warning in the log say what becomes of the hold."""
    wallet_id = await funded(client)
    caplog.set_level(logging.WARNING, "ledger.client")
    with pytest.raises(ZeroDivisionError) as failed:
        async with ten(far, wallet_id) as hold:
            fail(way, *BUSY)
    (note,) = failed.value.__notes__
    assert hold.hold_id in note
    assert hold.hold.expires_at.isoformat() in note
    assert hold.hold_id in caplog.text
    assert await left(client, wallet_id) == ("90.00", "10.00")


async def test_a_hold_that_is_over_refuses_its_capture(client: LedgerClient) -> None:
    """Expired or voided while the work ran: nothing is charged, and the caller hears of it."""
    wallet_id = await funded(client)
    with pytest.raises(HoldNotOpen) as over:
        async with ten(client, wallet_id) as hold:
            await client.void(wallet_id, hold.hold_id)
    assert over.value.hold_status == "voided"
    with pytest.raises(ZeroDivisionError):
        async with ten(client, wallet_id) as hold:
            raise await voided(client, hold)
    assert await left(client, wallet_id) == ("100.00", "0.00")


async def test_a_refused_capture_can_be_tried_again(client: LedgerClient) -> None:
    """Its refusal is remembered under its key, but the hold is still there to be captured."""
    wallet_id = await funded(client)
    async with ten(client, wallet_id, idempotency_key="job-2") as hold:
        key = "job-2:capture"
        with pytest.raises(CaptureExceedsHold):
            await client.capture(wallet_id, hold.hold_id, 11, idempotency_key=key)
        with pytest.raises(IdempotencyKeyReused):
            await hold.capture(3)
        assert (await hold.capture(4)).captured == 4
    assert await left(client, wallet_id) == ("96.00", "0.00")


async def test_no_hold_no_work(client: LedgerClient, way: FaultyWay) -> None:
    """A refused, unreachable or unknown authorization never begins the block."""
    wallet_id = await funded(client, 5)
    with pytest.raises(InsufficientFunds):
        async with ten(client, wallet_id):
            raise AssertionError("the block may not begin")
    once = RetryPolicy(attempts_max=1)
    async with LedgerClient(way.url, DEV_KEY, retry=once) as far:
        way.faults.append("close")
        with pytest.raises((Unavailable, OutcomeUnknown)):
            async with ten(far, wallet_id):
                raise AssertionError("the block may not begin")
    assert await left(client, wallet_id) == ("5.00", "0.00")


async def test_the_same_block_under_the_same_key_is_charged_once(client: LedgerClient) -> None:
    """A job that ran before and does not know it: hold and capture are told again."""
    wallet_id, charges = await funded(client), set()
    for _ in range(2):
        async with ten(client, wallet_id, idempotency_key="job-1") as hold:
            pass
        assert hold.charge is not None
        charges.add(hold.charge.charge_id)
    assert len(charges) == 1
    assert await left(client, wallet_id) == ("90.00", "0.00")


async def test_a_hold_is_entered_once(client: LedgerClient) -> None:
    """Its keys are spent; and before it is entered there is nothing to tell."""
    scope = ten(client, await funded(client))
    with pytest.raises(RuntimeError, match="not exist yet"):
        _ = scope.hold_id
    async with scope:
        pass
    with pytest.raises(RuntimeError, match="entered once"):
        async with scope:
            raise AssertionError("the block may not begin")
