"""Points of several kinds in one wallet: what is free never touches what was paid for."""

import asyncio
from datetime import timedelta

from ledger.core.flows.daily_grant import DailyGranted, TakeDailyGrant
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.hold import AuthorizeHold, HoldAuthorized, HoldVoided, VoidHold
from ledger.core.flows.opening import ImportOpening, OpeningLot
from ledger.core.flows.order import (
    MembershipPaid,
    OpenMembership,
    OpenRecharge,
    OrderOpened,
    PaymentSetAside,
)
from ledger.core.instants import DAY_US
from ledger.core.rejections import Reason
from ledger.engine.lane import shard_of
from ledger.service import Ledger
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database, differences
from tests.kit.http_calls import balance, give, new_wallet, post, problem, state
from tests.kit.http_steps import advance, body_of, clock_now, move_to, next_midnight, recharged
from tests.kit.serving import Client
from tests.kit.steps import available, done, paid, refused, settled
from tests.known_bugs.clock import StoppedClock


async def test_the_daily_grant_never_touches_purchased_points(here: Client) -> None:
    """pollinations#4937: the daily grant overwrote purchased credit.

    Rule: a daily grant is a lot of its own that comes and goes; the purchased lot stays as it is.
    """
    wallet = new_wallet()
    await recharged(here, wallet, "10", "INSPIRATION")
    bought = (await here.get(f"{wallet}/lots")).json()["items"]
    for _ in range(3):
        body_of(await post(here, f"{wallet}/daily-grant", {}))
        assert await balance(here, wallet) == ("166.00", "0.00")
        body_of(await post(here, f"{wallet}/debits", {"currency": "INSPIRATION", "amount": "60"}))
        lots = (await here.get(f"{wallet}/lots")).json()["items"]
        assert [(lot["source"], lot["available"]) for lot in lots] == [
            ("daily", "6.00"),
            ("purchased", "100.00"),
        ]
        await move_to(here, await next_midnight(here))
        assert (await here.get(f"{wallet}/lots")).json()["items"] == bought
        assert await balance(here, wallet) == ("100.00", "0.00")


async def test_expiry_takes_what_is_left_of_its_own_lot(
    still: Ledger, clock: StoppedClock, database: Database
) -> None:
    """fountain#1126: expiry clawed back paid credit.

    Rule: a lot expires with what is left of it, and what a hold has of it comes back to that lot.
    """
    await paid(still, OpenRecharge("w", INSPIRATION, 1_000, "sandbox"))
    await done(still, TakeDailyGrant("w"), DailyGranted)
    await done(still, Debit("w", INSPIRATION, 5_000), DebitCharged)
    hold = await done(
        still, AuthorizeHold("w", INSPIRATION, 2_000, expires_in_s=604_800), HoldAuthorized
    )
    assert [take.amount_minor for take in hold.hold.takes] == [1_600, 400]
    await clock.set("2026-03-11T00:00")
    assert await available(still, "w") == 9_600
    await done(still, VoidHold("w", hold.hold.hold_id), HoldVoided)
    assert await available(still, "w") == 10_000
    await done(still, TakeDailyGrant("w"), DailyGranted)
    await clock.set("2026-03-12T00:00")
    charged = await done(still, Debit("w", INSPIRATION, 10_000), DebitCharged)
    assert charged.available_after_minor == 0
    assert sum(take.cost_fen for take in charged.charge.takes) == 1_000
    assert await differences(database) == []


async def test_expired_points_cannot_be_spent_although_nobody_swept_them(
    here: Client, there: Client
) -> None:
    """fountain#1126: expired but unswept credit was spendable for a day.

    Rule: what has fallen due is applied before every command and in every read; no job runs here.
    """
    wallet = new_wallet()
    expires_at = await clock_now(here) + timedelta(hours=1)
    await give(here, wallet, "50", expires_at=expires_at.isoformat())
    await give(here, wallet, "1")
    seq = (await state(here, wallet))["seq"]
    await move_to(here, expires_at)
    for client in (here, there):
        assert await balance(client, wallet) == ("1.00", "0.00")
        assert len((await client.get(f"{wallet}/lots")).json()["items"]) == 1
        for call in ("debits", "holds"):
            answer = await post(
                client, f"{wallet}/{call}", {"currency": "INSPIRATION", "amount": "1.01"}
            )
            assert problem(answer, 402, "insufficient-funds")["available"] == "1.00"
    assert (await state(here, wallet))["seq"] == seq
    await advance(here, hours=20)
    charged = body_of(
        await post(there, f"{wallet}/debits", {"currency": "INSPIRATION", "amount": "1"})
    )
    assert charged["available_after"] == "0.00"
    # Now the expiry is recorded too, as of its own instant.
    assert (await state(here, wallet))["seq"] >= seq + 2


async def test_what_is_both_paid_and_granted_is_given_once(
    ledger: Ledger, database: Database
) -> None:
    """NyxID#1050: what had both paid and granted set was given twice.

    Rule: the payment starts the term, and the term's grants fall due once a month, whoever applies
    them; a second payment buys nothing and goes back.
    """
    command = OpenMembership("w", "gold", "month", "sandbox")
    order = (await done(ledger, command, OrderOpened)).order
    shard = shard_of("w", 2)
    answers = await asyncio.gather(
        *(settled(ledger, "w", order) for _ in range(4)),
        settled(ledger, "w", order, "another payment"),
        *(ledger.apply_dues(shard, ["w"]) for _ in range(4)),
        *(ledger.submit("test", f"d{n}", Debit("w", INSPIRATION, 1)) for n in range(4)),
    )
    assert isinstance(answers[0], MembershipPaid)
    assert answers[0] == answers[1] == answers[2] == answers[3]
    assert isinstance(answers[4], PaymentSetAside)
    await ledger.apply_dues(shard, ["w"])
    spent = await _debits(ledger)
    assert await available(ledger, "w") == 66_000 - spent
    membership = (await ledger.wallets.read("w")).wallet.membership
    assert membership is not None
    assert (membership.month, membership.terms[0].granted) == (1, 1)
    assert await differences(database) == []


async def _debits(ledger: Ledger) -> int:
    """How many of the racing debits were charged: those after the payment."""
    answers = [await ledger.submit("test", f"d{n}", Debit("w", INSPIRATION, 1)) for n in range(4)]
    assert all(answer.replayed for answer in answers)
    return sum(isinstance(answer.outcome, DebitCharged) for answer in answers)


async def test_a_lot_is_either_paid_or_free(ledger: Ledger) -> None:
    """NyxID#1050: what had both paid and granted set was given twice.

    Rule: a lot has one amount and says whether it was paid; a free one with a cost is refused.
    """
    now = await ledger.clock.advance(0)
    both = OpeningLot("l", INSPIRATION, "promotional", 100, now - DAY_US, paid=False, cost_fen=10)
    await refused(ledger, ImportOpening("w", (both,)), Reason.AMOUNT_OUT_OF_RANGE)
    twice = OpeningLot("l", INSPIRATION, "purchased", 100, now - DAY_US, paid=True, cost_fen=10)
    await refused(ledger, ImportOpening("w", (twice, twice)), Reason.LOT_EXISTS)
    assert (await ledger.wallets.read("w")).seq == 0
