"""Tips and conversion by example: what a creator's share is, and what moves with the value."""

from msgspec.structs import replace

from ledger.core.chart import (
    BANK,
    CREATORS_PAYABLE,
    IN_TRANSIT,
    LIABILITY_INSPIRATION,
    LIABILITY_KUAIBI,
    REVENUE_GENERATION,
    REVENUE_TIPS,
    TAX_WITHHELD,
    VAT_PAYABLE,
    VAT_PENDING,
)
from ledger.core.flows.conversion import Convert, Converted
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import AuthorizeHold, HoldAuthorized, HoldVoided, VoidHold
from ledger.core.flows.order import OpenMembership, OpenRecharge
from ledger.core.flows.transfer import (
    CompleteTransfer,
    PaidOut,
    PayOut,
    ReceiveTransfer,
    SendTransfer,
    TransferCompleted,
    TransferReceived,
    TransferSent,
)
from ledger.core.instants import HOUR_US
from ledger.core.rejections import Reason, Rejection
from ledger.core.wallet import Transfer
from tests.core.steps import balance, buy, expect, now_in, refund
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.desk import Desk, at, desk_at
from tests.kit.house_terms import STRICT, TERMS, TIGHT
from tests.kit.stories.invariants import check_invariants

RECHARGE = OpenRecharge("ann", KUAIBI, 1_000, "sandbox")


def tip(desk: Desk, amount_minor: int, to: str = "bob") -> Transfer:
    """A tip of ann's that is on its way."""
    return expect(TransferSent, desk.send(SendTransfer("ann", to, KUAIBI, amount_minor))).transfer


def refused(desk: Desk, command: SendTransfer | Convert | PayOut | CompleteTransfer) -> Reason:
    """Why a command is refused."""
    return expect(Rejection, desk.send(command)).reason


def convert(desk: Desk, amount_minor: int, source: int = KUAIBI) -> Converted:
    """Value of ann's in the other currency."""
    target = INSPIRATION if source == KUAIBI else KUAIBI
    return expect(Converted, desk.send(Convert("ann", source, target, amount_minor)))


def test_half_of_what_a_tip_cost_becomes_payable_to_the_creator(desk: Desk) -> None:
    """3333 of 10000 cost 333 fen, 18 of them VAT: 166 for the creator, 149 are revenue."""
    buy(desk, RECHARGE)
    sent = tip(desk, 3_333)
    assert (sent.share_fen, sent.status) == (166, "in_transit")
    assert (balance(desk, IN_TRANSIT), balance(desk, REVENUE_TIPS)) == (-166, -149)
    assert balance(desk, VAT_PAYABLE) == -18
    received = expect(TransferReceived, desk.send(ReceiveTransfer("bob", sent)))
    assert received.payable_after_fen == 166
    assert (balance(desk, IN_TRANSIT), balance(desk, CREATORS_PAYABLE)) == (0, -166)
    assert now_in(desk).transfers == (sent,)
    done = expect(TransferCompleted, desk.send(CompleteTransfer("ann", sent.transfer_id)))
    assert (done.transfer.status, now_in(desk).transfers) == ("done", ())
    assert refused(desk, CompleteTransfer("ann", sent.transfer_id)) == Reason.TRANSFER_NOT_FOUND
    check_invariants(desk.journal)


def test_a_creator_is_paid_what_is_payable_less_the_tax(desk: Desk) -> None:
    """Dr payable / Cr bank and tax withheld; never more than is payable."""
    buy(desk, RECHARGE)
    desk.send(ReceiveTransfer("bob", tip(desk, 4_000)))
    for amount, withheld, reason in (
        (0, 0, Reason.AMOUNT_OUT_OF_RANGE),
        (100, -1, Reason.AMOUNT_OUT_OF_RANGE),
        (100, 101, Reason.AMOUNT_OUT_OF_RANGE),
        (201, 40, Reason.PAYOUT_EXCEEDS_PAYABLE),
    ):
        assert refused(desk, PayOut("bob", amount, withheld)) == reason
    assert expect(PaidOut, desk.send(PayOut("bob", 150, 30))).payable_after_fen == 50
    assert expect(PaidOut, desk.send(PayOut("bob", 50, 50))).payable_after_fen == 0
    assert (balance(desk, BANK), balance(desk, TAX_WITHHELD)) == (-120, -80)
    assert balance(desk, CREATORS_PAYABLE) == 0


def test_a_tip_without_a_share_goes_the_same_way(desk: Desk) -> None:
    """One fen cannot be halved: nothing is payable, and the transfer is done all the same."""
    buy(desk, RECHARGE)
    sent = tip(desk, 10)
    assert (sent.share_fen, balance(desk, REVENUE_TIPS)) == (0, -1)
    assert expect(TransferReceived, desk.send(ReceiveTransfer("bob", sent))).payable_after_fen == 0
    assert desk.journal.records[-1].legs == ()
    expect(TransferCompleted, desk.send(CompleteTransfer("ann", sent.transfer_id)))


def test_a_share_is_rounded_down_once_over_all_that_was_given(desk: Desk) -> None:
    """A fen of each of two lots: together they make one for the creator."""
    for _ in range(2):
        buy(desk, OpenRecharge("ann", KUAIBI, 100, "sandbox"))
    tip(desk, 990)
    assert tip(desk, 20).share_fen == 1


def test_only_paid_value_of_the_right_currency_is_given_and_to_somebody_else(desk: Desk) -> None:
    """The reasons in their order: amount, currency, receiver, value."""
    desk.send(Grant("ann", KUAIBI, 500, "promotional", "test"))
    for amount, currency, to, reason in (
        (0, INSPIRATION, "ann", Reason.AMOUNT_OUT_OF_RANGE),
        (10**15 + 1, INSPIRATION, "ann", Reason.AMOUNT_OUT_OF_RANGE),
        (1, INSPIRATION, "ann", Reason.NOT_TRANSFERABLE),
        (1, KUAIBI, "ann", Reason.TRANSFER_TO_SELF),
        (1, KUAIBI, "bob", Reason.INSUFFICIENT_FUNDS),
    ):
        assert refused(desk, SendTransfer("ann", to, currency, amount)) == reason
    facts = expect(Rejection, desk.send(SendTransfer("ann", "bob", KUAIBI, 1))).facts
    assert facts["available_minor"] == 0
    buy(desk, RECHARGE)
    sent = expect(TransferSent, desk.send(SendTransfer("ann", "bob", KUAIBI, 10_000)))
    assert sent.available_after_minor == 500


def test_transfers_in_transit_are_bounded() -> None:
    """Until one of them is done."""
    desk = desk_at("2026-03-10T12:00", TIGHT)
    buy(desk, RECHARGE)
    sent = tip(desk, 1)
    assert refused(desk, SendTransfer("ann", "bob", KUAIBI, 1)) == Reason.LIMIT_EXCEEDED
    desk.send(CompleteTransfer("ann", sent.transfer_id))
    tip(desk, 1)


def test_converted_value_keeps_its_cost_its_order_and_its_end(desk: Desk) -> None:
    """At par: liability moves along, VAT pending stays; spent on generation it earns that."""
    order_id = buy(desk, RECHARGE)
    lot = convert(desk, 4_000).lots[0]
    assert (lot.currency, lot.source, lot.amount_minor) == (INSPIRATION, "conversion", 4_000)
    assert (lot.cost_fen, lot.vat_fen, lot.order_id) == (400, 22, order_id)
    assert (lot.paid, lot.expires_at) == (True, None)
    assert (balance(desk, LIABILITY_KUAIBI), balance(desk, LIABILITY_INSPIRATION)) == (-565, -378)
    assert balance(desk, VAT_PENDING) == -57
    expect(DebitCharged, desk.send(Debit("ann", INSPIRATION, 1_000)))
    assert balance(desk, REVENUE_GENERATION) == -95
    asked = refund(desk, order_id)
    assert asked.amount_fen == 900
    assert {take.lot.currency for take in asked.takes} == {INSPIRATION, KUAIBI}
    check_invariants(desk.journal)


def test_vat_that_moved_with_less_than_a_fen_of_cost_is_still_earned(desk: Desk) -> None:
    """Points 176 to 178 of 10000 carry a fen of VAT and none of cost; spent, it is due."""
    buy(desk, RECHARGE)
    convert(desk, 175)
    lot = convert(desk, 3).lots[0]
    assert (lot.cost_fen, lot.vat_fen) == (0, 1)
    desk.send(Debit("ann", INSPIRATION, 178))
    assert (balance(desk, VAT_PENDING), balance(desk, VAT_PAYABLE)) == (-56, -1)
    assert balance(desk, LIABILITY_INSPIRATION) == 0


def test_each_lot_that_is_converted_makes_one_of_its_own(desk: Desk) -> None:
    """Takes in the order of spending, free value left out."""
    desk.send(Grant("ann", KUAIBI, 500, "promotional", "test"))
    orders = [buy(desk, RECHARGE), buy(desk, OpenRecharge("ann", KUAIBI, 100, "sandbox"))]
    converted = convert(desk, 10_500)
    made = [(lot.lot_id[-2:], lot.amount_minor, lot.order_id) for lot in converted.lots]
    assert made == [(".1", 10_000, orders[0]), (".2", 500, orders[1])]
    assert (converted.from_available_minor, converted.to_available_minor) == (1_000, 10_500)


def test_value_is_converted_where_the_house_allows_it_and_up_to_its_limit(desk: Desk) -> None:
    """12000 a Shanghai day here, counted by what is converted."""
    buy(desk, RECHARGE)
    buy(desk, RECHARGE)
    back = Convert("ann", INSPIRATION, KUAIBI, 1)
    assert refused(desk, replace(back, amount_minor=0)) == Reason.AMOUNT_OUT_OF_RANGE
    assert refused(desk, back) == Reason.NOT_CONVERTIBLE
    convert(desk, 12_000)
    assert refused(desk, Convert("ann", KUAIBI, INSPIRATION, 1)) == Reason.LIMIT_EXCEEDED
    desk.now = at("2026-03-11T00:00") - 1
    assert refused(desk, Convert("ann", KUAIBI, INSPIRATION, 1)) == Reason.LIMIT_EXCEEDED
    desk.now += 1
    convert(desk, 7_999)
    assert refused(desk, Convert("ann", KUAIBI, INSPIRATION, 2)) == Reason.INSUFFICIENT_FUNDS


def test_a_conversion_makes_no_more_lots_than_a_wallet_may_have() -> None:
    """Lots, pending orders and those to come together."""
    desk = desk_at("2026-03-10T12:00", replace(TERMS, lots_max=4))
    for _ in range(2):
        buy(desk, OpenRecharge("ann", KUAIBI, 100, "sandbox"))
    order = OpenRecharge("ann", KUAIBI, 100, "sandbox")
    desk.send(order)
    assert refused(desk, Convert("ann", KUAIBI, INSPIRATION, 1_001)) == Reason.LIMIT_EXCEEDED
    convert(desk, 1_000)


def test_converted_value_has_no_second_grace() -> None:
    """72 hours once in a parcel's life, in whatever currency it is by then."""
    desk = desk_at("2026-03-10T12:00", STRICT)
    buy(desk, OpenMembership("ann", "mini", "month", "sandbox"))

    def hold_past(end: str, currency: int, amount: int) -> HoldVoided:
        command = AuthorizeHold("ann", currency, amount, expires_in_s=604_800)
        held = expect(HoldAuthorized, desk.send(command))
        desk.now = at(end)
        return expect(HoldVoided, desk.send(VoidHold("ann", held.hold.hold_id)))

    desk.now = at("2026-04-10T11:00")
    (take,) = hold_past("2026-04-12T12:00", INSPIRATION, 700).hold.takes
    assert take.lot.expires_at == at("2026-04-12T12:00") + 72 * HOUR_US
    lot = convert(desk, 700, INSPIRATION).lots[0]
    assert lot.expires_at == take.lot.expires_at
    assert now_in(desk).grace_until(lot.lot_id) == take.lot.expires_at
    desk.now = at("2026-04-15T11:00")
    hold_past("2026-04-15T13:00", KUAIBI, 700)
    assert now_in(desk).lots == ()
    check_invariants(desk.journal)
