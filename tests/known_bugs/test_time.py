"""Time: midnights to the microsecond, month ends, clocks that jump, one clock for all processes."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from ledger.core.flows.control import LimitSet, SetLimit
from ledger.core.flows.daily_grant import AlreadyTaken, DailyGranted, TakeDailyGrant
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.grant import Grant, LotGranted
from ledger.core.flows.hold import AuthorizeHold, CaptureHold, HoldAuthorized, HoldCaptured
from ledger.core.flows.order import OpenMembership, OpenRecharge, OrderOpened, RechargePaid
from ledger.core.instants import DAY_US, SHANGHAI, Instant, add_months, to_instant
from ledger.core.rejections import Reason
from ledger.engine.lane import shard_of
from ledger.service import Ledger
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database, differences
from tests.kit.desk import at
from tests.kit.http_calls import balance, new_wallet, post, problem, state
from tests.kit.http_steps import body_of, clock_now, move_to, next_midnight, paid_order, recharged
from tests.kit.serving import Client
from tests.kit.steps import available, done, paid, refused, settled
from tests.known_bugs.clock import StoppedClock

CENT = {"currency": "INSPIRATION", "amount": "0.01"}


async def test_the_day_begins_at_midnight_in_shanghai_to_the_microsecond(
    still: Ledger, clock: StoppedClock, owner: Any, database: Database
) -> None:
    """exe.dev#214: the daily reset came at UTC midnight.

    Rule: once a wallet and Asia/Shanghai date, expiring at the next local midnight exactly.
    """
    midnight = at("2026-03-11T00:00")
    await clock.set_to(midnight - 1)
    first = await done(still, TakeDailyGrant("w"), DailyGranted)
    assert first.lot.expires_at == midnight
    await done(still, TakeDailyGrant("w"), AlreadyTaken)
    await done(still, Debit("w", INSPIRATION, 600), DebitCharged)
    assert await available(still, "w") == 6_000
    await clock.set_to(midnight)
    assert await available(still, "w") == 0
    second = await done(still, TakeDailyGrant("w"), DailyGranted)
    assert (second.lot.expires_at, second.day) == (midnight + DAY_US, first.day + 1)
    assert await available(still, "w") == 6_600
    days = await owner.fetch("SELECT tag, day::text FROM events ORDER BY seq")
    assert [tuple(row) for row in days] == [
        ("daily_granted_v1", "2026-03-10"),
        ("debit_charged_v1", "2026-03-10"),
        ("lot_expired_v1", "2026-03-11"),
        ("daily_granted_v1", "2026-03-11"),
    ]
    assert await differences(database) == []


async def test_midnight_in_utc_resets_nothing(still: Ledger, clock: StoppedClock) -> None:
    """Kiro#7005: the daily reset came at UTC midnight.

    Rule: what was claimed and what was spent today counts until midnight in Shanghai; the database
    and the process may be in any time zone.
    """
    await clock.set("2026-03-10T07:59:59.999999")
    limit = SetLimit("w", INSPIRATION, "a child's wallet", day_minor=1_000)
    await done(still, limit, LimitSet)
    claimed = await done(still, TakeDailyGrant("w"), DailyGranted)
    await done(still, Debit("w", INSPIRATION, 1_000), DebitCharged)
    today = await still.reports.trial_balance(None, INSPIRATION)
    # UTC's midnight, New York's, and the last moment of the day in Shanghai.
    for moment in ("2026-03-10T08:00", "2026-03-10T12:00", "2026-03-10T23:59:59.999999"):
        await clock.set(moment)
        again = await done(still, TakeDailyGrant("w"), AlreadyTaken)
        assert again.claim.lot_id == claimed.lot.lot_id
        await refused(still, Debit("w", INSPIRATION, 1), Reason.LIMIT_EXCEEDED)
        assert await still.reports.trial_balance(None, INSPIRATION) == today
    await clock.set("2026-03-11T00:00")
    await done(still, TakeDailyGrant("w"), DailyGranted)
    await done(still, Debit("w", INSPIRATION, 1_000), DebitCharged)


@pytest.mark.parametrize(
    "anchor",
    [
        "2026-01-31T00:30",  # another date in UTC and in New York
        "2026-02-08T15:30",  # half past two in New York, an hour that 8 March does not have there
        "2026-06-01T13:30",  # half past one in New York, an hour that 1 November has twice
        "2027-08-31T23:59:59.999999",  # over a leap day
    ],
)
async def test_monthly_grants_fall_due_once_in_any_time_zone(
    still: Ledger, clock: StoppedClock, owner: Any, anchor: str
) -> None:
    """killbill#150: a re-invoice loop by time zone.

    Rule: month k falls due k months after the start on the Shanghai calendar, its day kept; each
    is granted once, neither before nor after, however often anybody looks.
    """
    start = await clock.set(anchor)
    await paid(still, OpenMembership("w", "gold", "year", "sandbox"))
    shard = shard_of("w", 2)
    for month in range(1, 12):
        due_at = add_months(start, month)
        await clock.set_to(due_at - 1)
        await still.apply_dues(shard, ["w"])
        assert await _grants(owner) == month
        await clock.set_to(due_at)
        for _ in range(3):
            await still.apply_dues(shard, ["w"])
            assert await available(still, "w") == 66_000
        assert await _grants(owner) == month + 1
    await clock.set_to(add_months(start, 12))
    for _ in range(3):
        await still.apply_dues(shard, ["w"])
    assert await _grants(owner) == 12
    assert (await still.wallets.read("w")).wallet.membership is None
    await clock.set_to(add_months(start, 40))
    await still.apply_dues(shard, ["w"])
    assert await _grants(owner) == 12


async def _grants(owner: Any) -> int:
    count: int = await owner.fetchval(
        "SELECT count(*) FROM events WHERE tag = 'membership_granted_v1'"
    )
    return count


async def test_anniversaries_keep_the_thirty_first(here: Client, there: Client) -> None:
    """A day that a month does not have is its last day, and comes back in the next.

    Rule: 31 January → 28 or 29 February → 31 March, through a service whose process is in New York,
    and one on Kiritimati, where it is another day.
    """
    start = await _next_thirty_first_of_january(here)
    await move_to(here, start)
    wallet = new_wallet()
    member = {"kind": "membership", "plan": "gold", "period": "year", "channel": "sandbox"}
    await paid_order(here, wallet, member)
    expected = [_on(start, month) for month in range(12)]
    assert [day.day for day in expected[:3]] == [31, 29 if start.year % 4 == 0 else 28, 31]
    for month, (_, due) in enumerate(pairwise(expected), 1):
        asked, other = (here, there) if month % 2 else (there, here)
        membership = body_of(await asked.get(wallet))["membership"]
        next_at = datetime.fromisoformat(membership["next_grant_at"]).astimezone(SHANGHAI)
        assert (next_at.date(), next_at.hour, membership["months_granted"]) == (
            due.date(),
            0,
            month,
        )
        await move_to(asked, next_at)
        body_of(await post(other, f"{wallet}/debits", CENT))
        assert await balance(asked, wallet) == ("659.99", "0.00")
        seq = (await state(asked, wallet))["seq"]
        body_of(await post(asked, f"{wallet}/debits", CENT))
        assert (await state(other, wallet))["seq"] - seq <= 2
    ends_at = datetime.fromisoformat(body_of(await here.get(wallet))["membership"]["ends_at"])
    assert ends_at.astimezone(SHANGHAI).date() == _on(start, 12).date()
    await move_to(there, ends_at)
    assert body_of(await here.get(wallet))["membership"] is None
    assert await balance(here, wallet) == ("0.00", "0.00")


async def _next_thirty_first_of_january(http: Client) -> datetime:
    now = await clock_now(http)
    year = now.year if now < datetime(now.year, 1, 31, tzinfo=SHANGHAI) else now.year + 1
    # Half past midnight: in New York it is the 30th, in UTC too.
    return datetime(year, 1, 31, 0, 30, tzinfo=SHANGHAI)


def _on(start: datetime, months: int) -> datetime:
    """The anniversary by the calendar of the standard library, counted from the start."""
    month0 = start.month - 1 + months
    first = start.replace(year=start.year + month0 // 12, month=month0 % 12 + 1, day=1)
    after = (first + timedelta(days=31)).replace(day=1)
    return first.replace(day=min(start.day, (after - timedelta(days=1)).day))


async def test_two_processes_have_one_moved_clock(here: Client, there: Client) -> None:
    """Which day it is does not depend on the process that is asked.

    Rule: the clock is in the database; a move by one process is the other's time at once, and
    nobody moves it back.
    """
    wallet = new_wallet()
    midnight = await next_midnight(here)
    await move_to(there, midnight - timedelta(hours=1))
    first = body_of(await post(here, f"{wallet}/daily-grant", {}))
    again = body_of(await post(there, f"{wallet}/daily-grant", {}))
    assert (again["lot_id"], again["claimed_now"]) == (first["lot_id"], False)
    await move_to(here, midnight)
    assert timedelta(0) <= await clock_now(there) - midnight < timedelta(minutes=1)
    assert await balance(there, wallet) == ("0.00", "0.00")
    second = body_of(await post(there, f"{wallet}/daily-grant", {}))
    assert second["claimed_now"] is True
    assert body_of(await post(here, f"{wallet}/daily-grant", {}))["lot_id"] == second["lot_id"]
    back = await there.post("/v1/dev/clock", json={"at": (midnight - timedelta(1)).isoformat()})
    problem(back, 400, "malformed")


async def test_an_instant_belongs_to_what_comes_after_it(
    still: Ledger, clock: StoppedClock, database: Database
) -> None:
    """At the very moment of its expiry nothing is both there and gone.

    Rule: up to the microsecond before its instant a lot is spent, a hold captured and an order paid
    in time; at the instant it has expired, and the payment is honoured as late.
    """
    start = await clock.set("2026-03-10T12:00")
    expires_at = start + 3_600 * 10**6
    for name in ("before", "after"):
        gift = Grant(name, INSPIRATION, 500, "promotional", "test", expires_at)
        await done(still, gift, LotGranted)
        await done(still, Grant(name, INSPIRATION, 100, "promotional", "test"), LotGranted)
        hold = AuthorizeHold(name, INSPIRATION, 200, hold_id="h", expires_in_s=3_600)
        await done(still, hold, HoldAuthorized)
    opened = [
        (await done(still, OpenRecharge(name, INSPIRATION, 1_000, "sandbox"), OrderOpened)).order
        for name in ("before", "after")
    ]
    await clock.set_to(expires_at - 1)
    assert await available(still, "before") == 400
    await done(still, Debit("before", INSPIRATION, 250), DebitCharged)
    await done(still, CaptureHold("before", "h"), HoldCaptured)
    await clock.set_to(expires_at)
    # The hold falls due first, so what it had comes back to the lot, and goes with it.
    assert await available(still, "after") == 100
    await refused(still, CaptureHold("after", "h"), Reason.HOLD_NOT_OPEN)
    await refused(still, Debit("after", INSPIRATION, 101), Reason.INSUFFICIENT_FUNDS)
    assert await available(still, "before") == 100
    for order, wallet_id, moment in zip(
        opened, ("before", "after"), (opened[0].expires_at - 1, opened[1].expires_at), strict=True
    ):
        await clock.set_to(moment)
        answer = await settled(still, wallet_id, order)
        assert isinstance(answer, RechargePaid)
        assert answer.order.paid_late == (wallet_id == "after")
    assert await differences(database) == []


async def test_a_clock_that_jumps_a_year_applies_all_that_fell_due_in_its_order(
    still: Ledger, clock: StoppedClock, owner: Any, database: Database
) -> None:
    """What was missed while nobody looked is made up for, once.

    Rule: one command after a year applies everything as events, each as of its own instant, in
    their order, once: the same as if somebody had looked every day.
    """
    start = await clock.set("2026-01-31T18:00")
    for wallet_id in ("asleep", "awake"):
        await _busy(still, wallet_id, start)
    shard = shard_of("awake", 2)
    for day in range(1, 400, 3):
        await clock.set_to(start + day * DAY_US)
        await still.apply_dues(shard, ["awake"])
    await clock.set_to(start + 400 * DAY_US)
    for wallet_id in ("asleep", "awake"):
        charged = await done(still, Debit(wallet_id, INSPIRATION, 10_000), DebitCharged)
        assert charged.available_after_minor == 0
    asleep, awake = [await _dues_of(owner, wallet_id) for wallet_id in ("asleep", "awake")]
    assert asleep == awake
    assert sorted({tag for _, tag in asleep}) == [
        "hold_expired_v1",
        "lot_expired_v1",
        "membership_ended_v1",
        "membership_granted_v1",
        "order_expired_v1",
    ]
    assert [instant for instant, _ in asleep] == sorted(instant for instant, _ in asleep)
    # 12 months, each with its expiry, and their end; the day's points and 5 gifts; 4 holds, of
    # which 2 give back to the day that is over by then; 3 orders.
    assert len(asleep) == 12 + 12 + 1 + 1 + 5 + 4 + 2 + 3
    at_once = await owner.fetchval(
        "SELECT count(DISTINCT recorded_at) FROM events WHERE wallet = 'asleep' AND caller = ''"
    )
    assert at_once == 2
    assert await differences(database) == []


async def _busy(still: Ledger, wallet_id: str, start: Instant) -> None:
    """Everything that falls due by itself, on many days of a year."""
    await paid(still, OpenRecharge(wallet_id, INSPIRATION, 1_000, "sandbox"))
    await paid(still, OpenMembership(wallet_id, "gold", "year", "sandbox"))
    await done(still, TakeDailyGrant(wallet_id), DailyGranted)
    for days in (2, 29, 100, 200, 365):
        gift = Grant(wallet_id, INSPIRATION, 70, "promotional", "test", start + days * DAY_US)
        await done(still, gift, LotGranted)
    for expires_in_s in (60, 3_600, 86_400, 604_800):
        hold = AuthorizeHold(wallet_id, INSPIRATION, 30, expires_in_s=expires_in_s)
        await done(still, hold, HoldAuthorized)
    for _ in range(3):
        await done(still, OpenRecharge(wallet_id, INSPIRATION, 2_000, "sandbox"), OrderOpened)


async def _dues_of(owner: Any, wallet_id: str) -> list[tuple[datetime, str]]:
    rows = await owner.fetch(
        "SELECT occurred_at, tag FROM events WHERE wallet = $1 AND key_hash = '' ORDER BY seq",
        wallet_id,
    )
    return [tuple(row) for row in rows]


async def test_a_clock_that_jumps_back_is_not_followed(
    still: Ledger, clock: StoppedClock, owner: Any, database: Database
) -> None:
    """A machine whose clock is set back gives nothing out a second time.

    Rule: within a shard time never goes back: a command is decided at the last record's instant at
    the earliest, so nothing is granted, due or expired a second time.
    """
    midnight = await clock.set("2026-03-11T00:00")
    claimed = await done(still, TakeDailyGrant("w"), DailyGranted)
    gift = Grant("w", INSPIRATION, 500, "promotional", "test", midnight + 10**6)
    await done(still, gift, LotGranted)
    await clock.set_to(midnight + 10**6)
    await done(still, Debit("w", INSPIRATION, 1), DebitCharged)
    await clock.set("2026-03-10T12:00")
    assert (await still.wallets.read("w")).as_of == midnight + 10**6
    again = await done(still, TakeDailyGrant("w"), AlreadyTaken)
    assert again.claim.lot_id == claimed.lot.lot_id
    assert await available(still, "w") == 6_599
    charged = await done(still, Debit("w", INSPIRATION, 99), DebitCharged)
    assert charged.charge.charged_at == midnight + 10**6
    times = await owner.fetch("SELECT recorded_at, occurred_at FROM events ORDER BY seq")
    assert [row["recorded_at"] for row in times] == sorted(row["recorded_at"] for row in times)
    assert all(to_instant(row["occurred_at"]) <= to_instant(row["recorded_at"]) for row in times)
    await clock.set("2026-03-12T00:00")
    await done(still, TakeDailyGrant("w"), DailyGranted)
    assert await differences(database) == []


async def test_a_day_of_the_books_is_a_day_in_shanghai(here: Client, there: Client) -> None:
    """What happens in the local morning does not stand under the day before.

    Rule: the accounting day is that of Shanghai: a minute before and after its midnight are two
    days of the trial balance, whatever day it is where the server stands.
    """
    midnight = await next_midnight(here)
    await move_to(here, midnight - timedelta(minutes=1))
    wallet = new_wallet()
    before = await _funds(here, midnight - timedelta(days=1))
    await recharged(here, wallet, "10", "INSPIRATION")
    assert await _funds(there, midnight - timedelta(days=1)) - before == 1_000
    await move_to(there, midnight)
    await recharged(there, wallet, "3", "INSPIRATION")
    assert await _funds(here, midnight - timedelta(days=1)) - before == 1_000
    assert await _funds(here, midnight) == 300


async def _funds(http: Client, day: datetime) -> int:
    """What the sandbox's funds were debited with on a day, in fen."""
    query = {"date": day.date().isoformat(), "currency": "CNY"}
    rows = body_of(await http.get("/v1/finance/trial-balance", params=query))["items"]
    debits = [row["debit"] for row in rows if row["account"] == "assets:funds:sandbox"]
    return int(debits[0].replace(".", "")) if debits else 0
