"""Due first: what time alone brings about, in the order of instant, kind and id."""

import pytest

from ledger.core.batch import dues
from ledger.core.flows.due import LotExpired
from ledger.core.flows.hold import AuthorizeHold, HoldExpired
from ledger.core.flows.order import OpenMembership, OpenRecharge
from ledger.core.instants import HOUR_US
from ledger.core.wire import tag_of
from tests.core.support import INSPIRATION, Desk, at, desk_at
from tests.core.test_holds_and_lots import buy, grant, hold

RECHARGE = OpenRecharge("ann", INSPIRATION, 100, "sandbox")


@pytest.fixture
def desk() -> Desk:
    """A ledger at noon in Shanghai."""
    return desk_at("2026-03-10T12:00")


def tags_due(desk: Desk) -> list[tuple[int, str]]:
    """Instant and tag of everything that is due and not yet recorded."""
    found = dues(desk.journal.wallet("ann"), desk.now)
    return [(instant, tag_of(event)) for instant, event in found]


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
