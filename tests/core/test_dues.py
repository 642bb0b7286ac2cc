"""Due first: what time alone brings about, in the order of instant, kind and id."""

from typing import Any, cast

import pytest
from msgspec.structs import replace

from ledger.core import batch as core_batch
from ledger.core import wire
from ledger.core.batch import Decided, Done, Envelope, Failed, dues
from ledger.core.decider import evolve
from ledger.core.entries import entry_for
from ledger.core.flows.debit import Debit
from ledger.core.flows.due import ApplyDues, DuesApplied, LotExpired
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import AuthorizeHold, HoldExpired, VoidHold
from ledger.core.flows.order import OpenMembership, OpenRecharge
from ledger.core.instants import HOUR_US
from ledger.core.wire import tag_of
from tests.core.steps import buy, grant, hold
from tests.kit.currencies import INSPIRATION
from tests.kit.desk import Desk, at
from tests.kit.stories.invariants import check_invariants

RECHARGE = OpenRecharge("ann", INSPIRATION, 100, "sandbox")


def tags_due(desk: Desk) -> list[tuple[int, str]]:
    """Instant and tag of everything that is due and not yet recorded."""
    due_events = dues(desk.journal.wallet("ann"), desk.now)
    return [(instant, tag_of(event)) for instant, event in due_events]


@pytest.mark.parametrize(
    ("period", "membership_tag"),
    [("month", "membership_ended_v1"), ("quarter", "membership_granted_v1")],
)
def test_at_one_instant_holds_come_first_then_lots_memberships_and_orders(
    desk: Desk, period: str, membership_tag: str
) -> None:
    """All five at the same instant; so the hold's value expires with its lot, in one event."""
    buy(desk, OpenMembership("ann", "gold", period, "sandbox"))
    due = at("2026-04-10T12:00")
    desk.now = due - 2 * HOUR_US
    desk.send(RECHARGE)
    desk.now = due - HOUR_US
    hold(desk, 100, 3_600)
    desk.now = due
    tags = ["hold_expired_v1", "lot_expired_v1", membership_tag, "order_expired_v1"]
    assert tags_due(desk) == [(due, tag) for tag in tags]
    (expired,) = (
        event for _, event in dues(desk.journal.wallet("ann"), due) if isinstance(event, LotExpired)
    )
    assert (expired.take.amount_minor, expired.take.cost_fen) == (66_000, 6_600)


def test_what_is_alike_in_instant_and_kind_falls_due_by_its_id(desk: Desk) -> None:
    """Every process that looks must find the same order."""
    first, second = grant(desk, 10, HOUR_US), grant(desk, 10, HOUR_US)
    for hold_id in ("b", "a", "c"):
        desk.send(AuthorizeHold("ann", INSPIRATION, 1, hold_id=hold_id, expires_in_s=60))
    desk.now += HOUR_US
    events = [event for _, event in dues(desk.journal.wallet("ann"), desk.now)]
    holds = [event.hold.hold_id for event in events if isinstance(event, HoldExpired)]
    lots = [event.take.lot.lot_id for event in events if isinstance(event, LotExpired)]
    assert (holds, lots) == (["a", "b", "c"], [first, second])


def test_value_returned_to_an_expired_lot_falls_due_at_its_return(desk: Desk) -> None:
    """Never before what brought it back: the log's occurrences do not go backwards."""
    grant(desk, 10, HOUR_US)
    hold(desk, 10, 7_200)
    returned_at = desk.now + 2 * HOUR_US
    desk.now += 5 * HOUR_US
    assert tags_due(desk) == [
        (returned_at, "hold_expired_v1"),
        (returned_at, "lot_expired_v1"),
    ]


def test_nothing_is_due_a_microsecond_early(desk: Desk) -> None:
    """And it is at the instant itself."""
    grant(desk, 10, HOUR_US)
    desk.now += HOUR_US - 1
    assert tags_due(desk) == []
    desk.now += 1
    assert tags_due(desk) == [(desk.now, "lot_expired_v1")]


def sweep(*wallet_ids: str) -> list[Envelope]:
    """The sweeper's commands: they have neither caller nor key."""
    return [Envelope("", b"", ApplyDues(wallet_id)) for wallet_id in wallet_ids]


def test_dues_are_recorded_without_a_command_of_anybody(desk: Desk) -> None:
    """As of their own instants, under no key; nothing is remembered, so the next is no replay."""
    grant(desk, 10, HOUR_US)
    hold(desk, 4, 60)
    desk.now += 2 * HOUR_US
    before = len(desk.journal.records)
    batch = desk.journal.run(sweep("ann", "ann"), desk.now)
    assert batch.decided == [Done(DuesApplied(2)), Done(DuesApplied(0))]
    assert (batch.requests, batch.texts) == ([], [])
    recorded = desk.journal.records[before:]
    assert [record.tag for record in recorded] == ["hold_expired_v1", "lot_expired_v1"]
    assert {(record.caller, record.key_hash, record.command) for record in recorded} == {
        ("", b"", b"")
    }
    assert [record.occurred_at < record.recorded_at for record in recorded] == [True, True]
    assert batch.block is not None
    check_invariants(desk.journal)


def test_nothing_is_written_where_nothing_is_due(desk: Desk) -> None:
    """Neither for a wallet that has nothing due yet nor for one that was never seen."""
    grant(desk, 10, HOUR_US)
    batch = desk.journal.run(sweep("ann", "bob"), desk.now)
    assert batch.decided == [Done(DuesApplied(0))] * 2
    assert (batch.records, batch.requests, batch.wallets, batch.block) == ([], [], {}, None)


def failure(outcome: Decided) -> Failed:
    """The outcome, known to be a failure."""
    assert isinstance(outcome, Failed), outcome
    return outcome


def poison(desk: Desk) -> None:
    """Have ann pay for a month, and store the membership without its terms: its end raises."""
    buy(desk, OpenMembership("ann", "gold", "month", "sandbox"))
    wallet = desk.journal.wallet("ann")
    assert wallet.membership is not None
    broken = replace(wallet, membership=replace(wallet.membership, terms=()))
    desk.journal.wallets["ann"] = wire.encode(broken)


def test_a_wallet_whose_dues_raise_says_so_and_its_neighbours_go_on(desk: Desk) -> None:
    """Any command on it fails, for the dues' sake and not its own; a good wallet is swept."""
    poison(desk)
    desk.now += HOUR_US
    desk.send(Grant("bob", INSPIRATION, 10, "promotional", "test", desk.now + HOUR_US))
    desk.now = at("2026-04-10T12:00")
    commands = [desk.envelope(Debit("ann", INSPIRATION, 1)), *sweep("ann", "bob")]
    batch = desk.journal.run(commands, desk.now)
    assert [failure(result).dues for result in batch.decided[:2]] == [True, True]
    assert [type(failure(result).error) for result in batch.decided[:2]] == [IndexError, IndexError]
    assert batch.decided[2] == Done(DuesApplied(1))
    assert list(batch.wallets) == ["bob"]


def test_dues_that_the_command_itself_brings_about_may_raise_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Value that a void returns to an expired lot falls due at once, after the void's own event."""
    grant(desk, 10, HOUR_US)
    name = hold(desk, 10, 7_200)
    desk.now += HOUR_US
    assert tags_due(desk) == []

    def raise_for_lots(wallet: Any, event: Any) -> Any:
        if isinstance(event, LotExpired):
            raise OverflowError
        return evolve(wallet, event)

    monkeypatch.setattr(core_batch, "evolve", raise_for_lots)
    (outcome,) = desk.journal.run([desk.envelope(VoidHold("ann", name))], desk.now).decided
    failed = failure(outcome)
    assert (type(failed.error), failed.dues) == (OverflowError, True)


def test_dues_whose_record_cannot_be_made_raise_and_leave_nothing_behind(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that is nothing but dues fails for their sake, wherever it fails."""
    grant(desk, 10, HOUR_US)
    desk.now += HOUR_US

    def raise_for_lots(event: Any) -> Any:
        if isinstance(event, LotExpired):
            raise OverflowError
        return entry_for(event)

    monkeypatch.setattr(core_batch, "entry_for", raise_for_lots)
    batch = desk.journal.run(sweep("ann"), desk.now)
    assert failure(batch.decided[0]).dues
    assert (batch.records, batch.wallets, batch.documents) == ([], {}, {})


def test_a_command_that_raises_by_itself_says_nothing_of_dues(desk: Desk) -> None:
    """Its wallet is whole, and the next command on it may well succeed."""
    grant(desk, 10, HOUR_US)
    desk.now += HOUR_US
    poisoned = Debit("ann", INSPIRATION, cast("int", "one"))
    (outcome,) = desk.journal.run([desk.envelope(poisoned)], desk.now).decided
    assert not failure(outcome).dues


def test_the_command_has_a_wire_name_like_any_other() -> None:
    """Commands are decoded by their tag."""
    assert wire.decode_command(wire.encode(ApplyDues("ann"))) == ApplyDues("ann")
