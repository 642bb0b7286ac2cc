"""Whole wallets by example: frozen, limited, stopped, carried over and closed."""

from typing import Any

import pytest
from msgspec.structs import replace

from ledger.core.chart import (
    CREATORS_PAYABLE,
    LIABILITY_INSPIRATION,
    LIABILITY_MEMBERSHIP,
    OPENING,
    REVENUE_BREAKAGE,
    VAT_PENDING,
)
from ledger.core.decider import Command
from ledger.core.flows.adjustment import Adjust
from ledger.core.flows.closure import CloseWallet, WalletClosed
from ledger.core.flows.control import FreezeWallet, LimitSet, SetLimit, UnfreezeWallet
from ledger.core.flows.conversion import Convert
from ledger.core.flows.daily_grant import TakeDailyGrant
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import AuthorizeHold, CaptureHold, HoldCaptured, VoidHold
from ledger.core.flows.membership import CancelMembership
from ledger.core.flows.opening import ImportOpening, OpeningClaim, OpeningImported, OpeningLot
from ledger.core.flows.order import OpenMembership, OpenRecharge, OrderOpened, PaymentSetAside
from ledger.core.flows.order_refund import RefundOrder
from ledger.core.flows.refund import RefundCharge
from ledger.core.flows.transfer import (
    CompleteTransfer,
    PayOut,
    ReceiveTransfer,
    SendTransfer,
    TransferReceived,
)
from ledger.core.instants import INSTANT_MAX, SECOND_US
from ledger.core.purchases import Order
from ledger.core.rejections import Fact, Reason, Rejection
from ledger.core.wallet import Transfer
from tests.core.steps import (
    balance,
    buy,
    confirm,
    debit,
    expect,
    grant,
    hold,
    now_in,
    opened,
    pay,
    recharge,
    refund,
    reverse,
)
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.desk import Desk, at, desk_at
from tests.kit.house_terms import STRICT, TIGHT
from tests.kit.stories.invariants import check_invariants

SPENDING: tuple[Command, ...] = (Debit("ann", INSPIRATION, 1), AuthorizeHold("ann", INSPIRATION, 1))
FROZEN: tuple[Command, ...] = (
    *SPENDING,
    Convert("ann", KUAIBI, INSPIRATION, 1),
    SendTransfer("ann", "bob", KUAIBI, 1),
    TakeDailyGrant("ann"),
)
CLOSED: tuple[Command, ...] = (
    *FROZEN,
    Grant("ann", INSPIRATION, 1, "promotional", "test"),
    OpenRecharge("ann", INSPIRATION, 100, "sandbox"),
    OpenMembership("ann", "gold", "month", "sandbox"),
    CancelMembership("ann"),
    FreezeWallet("ann", "test"),
    UnfreezeWallet("ann", "test"),
    SetLimit("ann", INSPIRATION, "test", 1),
    RefundOrder("ann", "no-such-order", "test"),
    RefundCharge("ann", "no-such-charge", "test"),
    ImportOpening("ann", payable_fen=1),
    Adjust("ann", "prop-1", "amy", "ben", "credit", INSPIRATION, 1, "test"),
    CloseWallet("ann", "test"),
)
CLOSE = CloseWallet("ann", "left", forfeit_balance=True, end_membership=True, write_off_claim=True)


def refused(desk: Desk, command: Command) -> Reason:
    """Why a command is refused."""
    return expect(Rejection, desk.send(command)).reason


def test_a_frozen_wallet_does_not_spend_and_everything_else_goes_on(desk: Desk) -> None:
    """Holds, debits, conversions, tips and daily claims are refused; captures and payments not."""
    recharge(desk)
    order = opened(desk, OpenRecharge("ann", INSPIRATION, 100, "sandbox"))
    first, second = hold(desk, 10), hold(desk, 20)
    for _ in range(2):
        desk.send(FreezeWallet("ann", "suspicious"))
    assert [refused(desk, command) for command in FROZEN] == [Reason.WALLET_FROZEN] * 5
    charge = expect(HoldCaptured, desk.send(CaptureHold("ann", first))).charge
    desk.send(VoidHold("ann", second))
    pay(desk, order)
    desk.send(RefundCharge("ann", charge.charge_id, "job failed"))
    assert now_in(desk).available_minor(INSPIRATION) == 2_000
    desk.send(UnfreezeWallet("ann", "sorted out"))
    debit(desk, 2_000)


def test_a_stopped_sku_or_channel_is_refused() -> None:
    """Operators switch them off; others of their kind go on."""
    desk = desk_at("2026-03-10T12:00", STRICT)
    buy(desk, OpenRecharge("ann", INSPIRATION, 1_000, "sandbox"))
    for command in (
        Debit("ann", sku="image"),
        AuthorizeHold("ann", sku="image"),
        OpenRecharge("ann", INSPIRATION, 100, "apple"),
        OpenMembership("ann", "gold", "month", "apple"),
    ):
        assert refused(desk, command) == Reason.STOPPED
    expect(DebitCharged, desk.send(Debit("ann", sku="video-5s-standard")))
    assert refused(desk, Debit("ann", sku="no-such-sku")) == Reason.UNKNOWN_SKU
    desk.journal.terms = replace(STRICT, stopped=frozenset({"sku:None"}))
    expect(DebitCharged, desk.send(Debit("ann", INSPIRATION, 1)))


def test_a_days_limit_counts_charges_and_what_is_held_and_gives_nothing_back(desk: Desk) -> None:
    """By the Shanghai day; a refund is no reason to spend more."""
    grant(desk, 10_000)
    expect(LimitSet, desk.send(SetLimit("ann", INSPIRATION, "asked for", 1_000)))
    charge_id = debit(desk, 400).charge.charge_id
    held = hold(desk, 500)
    assert refused(desk, Debit("ann", INSPIRATION, 101)) == Reason.LIMIT_EXCEEDED
    assert refused(desk, AuthorizeHold("ann", INSPIRATION, 101)) == Reason.LIMIT_EXCEEDED
    desk.send(RefundCharge("ann", charge_id, "job failed"))
    assert refused(desk, Debit("ann", INSPIRATION, 101)) == Reason.LIMIT_EXCEEDED
    debit(desk, 100)
    desk.send(VoidHold("ann", held))
    debit(desk, 500)
    assert refused(desk, Debit("ann", INSPIRATION, 1)) == Reason.LIMIT_EXCEEDED
    desk.now = at("2026-03-11T00:00") - 1
    assert refused(desk, Debit("ann", INSPIRATION, 1)) == Reason.LIMIT_EXCEEDED
    desk.now += 1
    debit(desk, 1_000)


def test_a_hold_of_yesterday_counts_when_it_is_captured(desk: Desk) -> None:
    """By the day of the capture."""
    grant(desk, 10_000)
    desk.send(SetLimit("ann", INSPIRATION, "asked for", 1_000))
    desk.now = at("2026-03-10T23:59")
    held = hold(desk, 900)
    desk.now = at("2026-03-11T00:30")
    desk.send(CaptureHold("ann", held, 600))
    assert refused(desk, Debit("ann", INSPIRATION, 401)) == Reason.LIMIT_EXCEEDED
    debit(desk, 400)


def test_tips_count_as_spending_of_their_currency(desk: Desk) -> None:
    """A single limit refuses more in one charge, however little was spent that day."""
    buy(desk, OpenRecharge("ann", KUAIBI, 1_000, "sandbox"))
    desk.send(SetLimit("ann", KUAIBI, "asked for", 1_000, 600))
    assert refused(desk, SendTransfer("ann", "bob", KUAIBI, 601)) == Reason.LIMIT_EXCEEDED
    desk.send(SendTransfer("ann", "bob", KUAIBI, 600))
    assert refused(desk, SendTransfer("ann", "bob", KUAIBI, 401)) == Reason.LIMIT_EXCEEDED
    assert refused(desk, Debit("ann", KUAIBI, 401)) == Reason.LIMIT_EXCEEDED
    desk.send(SendTransfer("ann", "bob", KUAIBI, 400))


def test_a_wallets_own_limit_goes_before_the_houses() -> None:
    """It replaces it, up or down, and without it the house's holds again."""
    desk = desk_at("2026-03-10T12:00", STRICT)
    grant(desk, 10**6)
    assert refused(desk, Debit("ann", INSPIRATION, 20_001)) == Reason.LIMIT_EXCEEDED
    desk.send(SetLimit("ann", INSPIRATION, "asked for", None, 50_000))
    debit(desk, 50_000)
    assert refused(desk, Debit("ann", INSPIRATION, 50_001)) == Reason.LIMIT_EXCEEDED
    expect(LimitSet, desk.send(SetLimit("ann", INSPIRATION, "asked for")))
    assert now_in(desk).limits == ()
    assert refused(desk, Debit("ann", INSPIRATION, 1)) == Reason.LIMIT_EXCEEDED


@pytest.mark.parametrize("amount", [0, -1, 10**15 + 1])
def test_a_limit_is_an_amount(desk: Desk, amount: int) -> None:
    """Of a day or of a single charge."""
    for limits in ((amount, None), (None, amount), (5, amount)):
        command = SetLimit("ann", INSPIRATION, "asked for", *limits)
        assert refused(desk, command) == Reason.AMOUNT_OUT_OF_RANGE


def test_a_wallet_is_closed_when_everything_in_it_has_a_stated_fate(desk: Desk) -> None:
    """The obstacles one after the other; pending orders close with it."""
    first = buy(desk, OpenRecharge("ann", INSPIRATION, 1_000, "sandbox"))
    order_id = buy(desk, OpenRecharge("ann", KUAIBI, 1_000, "sandbox"))
    buy(desk, OpenMembership("ann", "gold", "quarter", "sandbox"))
    debit(desk, 76_000)
    reverse(desk, first, 1_000)
    pending = opened(desk, OpenRecharge("ann", INSPIRATION, 100, "sandbox"))
    held = desk.send(AuthorizeHold("ann", KUAIBI, 100, hold_id="h"))
    asked = refund(desk, order_id, 100)
    desk.send(SendTransfer("ann", "bob", KUAIBI, 100))
    sent = now_in(desk).transfers[0]
    desk.send(ReceiveTransfer("ann", replace(sent, transfer_id="tr-from-bob")))

    def obstacle(command: CloseWallet) -> Fact:
        return expect(Rejection, desk.send(command)).facts["what"]

    assert held is not None
    assert obstacle(CLOSE) == "open holds"
    desk.send(VoidHold("ann", "h"))
    assert obstacle(CLOSE) == "refunds under way"
    confirm(desk, asked)
    assert obstacle(CLOSE) == "transfers in transit"
    desk.send(CompleteTransfer("ann", sent.transfer_id))
    assert obstacle(CLOSE) == "money payable to its owner"
    desk.send(PayOut("ann", 5, 1))
    bare = CloseWallet("ann", "left")
    assert obstacle(bare) == "a balance"
    assert obstacle(replace(bare, forfeit_balance=True)) == "a membership"
    assert obstacle(replace(CLOSE, write_off_claim=False)) == "an open claim"
    closed = expect(WalletClosed, desk.send(CLOSE))
    assert [order.order_id for order in closed.orders] == [pending.order_id]
    document = desk.journal.document("ann", "order", pending.order_id)
    assert isinstance(document, Order)
    assert document.status == "closed"
    assert refused(desk, CLOSE) == Reason.WALLET_CLOSED


def test_what_a_closed_wallet_forfeits_is_breakage(desk: Desk) -> None:
    """Points and months that were paid for; the claim leaves no trace in the books."""
    order_id = buy(desk, OpenRecharge("ann", INSPIRATION, 1_000, "sandbox"))
    buy(desk, OpenMembership("ann", "gold", "quarter", "sandbox"))
    debit(desk, 66_000)
    debit(desk, 5_000)
    reverse(desk, order_id, 700)
    desk.send(CLOSE)
    for account in (LIABILITY_INSPIRATION, LIABILITY_MEMBERSHIP, VAT_PENDING):
        assert balance(desk, account) == 0
    assert balance(desk, REVENUE_BREAKAGE) == -(13_200 - 748)
    wallet = now_in(desk)
    assert (wallet.lots, wallet.membership, wallet.claims) == ((), None, ())
    check_invariants(desk.journal)


def test_months_of_upgrades_are_forfeited_like_those_of_their_plans(desk: Desk) -> None:
    """All that was paid for them and not spent is breakage."""
    buy(desk, OpenMembership("ann", "mini", "quarter", "sandbox"))
    buy(desk, OpenMembership("ann", "midi", "quarter", "sandbox"))
    assert balance(desk, LIABILITY_MEMBERSHIP) + balance(desk, VAT_PENDING) == -750
    desk.send(CLOSE)
    assert (balance(desk, LIABILITY_MEMBERSHIP), balance(desk, VAT_PENDING)) == (0, 0)
    check_invariants(desk.journal)


def test_a_closed_wallet_takes_no_orders_and_returns_what_is_paid_to_it(desk: Desk) -> None:
    """Money that comes all the same is owed back; tips that were under way still arrive."""
    order = opened(desk, OpenRecharge("ann", INSPIRATION, 100, "sandbox"))
    desk.send(CLOSE)
    assert {refused(desk, command) for command in CLOSED} == {Reason.WALLET_CLOSED}
    aside = expect(PaymentSetAside, pay(desk, order))
    assert aside.refund is not None
    assert confirm(desk, aside.refund).order is None
    transfer = Transfer("tr-1", "bob", "ann", KUAIBI, 100, 5, desk.now)
    received = expect(TransferReceived, desk.send(ReceiveTransfer("ann", transfer)))
    assert received.payable_after_fen == 5
    desk.send(PayOut("ann", 5, 0))
    assert now_in(desk).payable_fen == 0


def test_balances_are_carried_over_against_the_opening_account(desk: Desk) -> None:
    """Paid lots with their cost, free ones without, claims as a memorandum, what is payable."""
    lots = (
        OpeningLot("a", INSPIRATION, "daily", 50, desk.now, desk.now + SECOND_US),
        OpeningLot("b", KUAIBI, "purchased", 500, desk.now - 1, paid=True, cost_fen=50, vat_fen=3),
        OpeningLot("c", INSPIRATION, "membership", 9, 1, paid=True, cost_fen=2, order_id="o"),
        OpeningLot("d", INSPIRATION, "purchased", 7, 2, paid=True),
    )
    command = ImportOpening("ann", lots, (OpeningClaim("old", 30, 2, KUAIBI),), 11)
    imported = expect(OpeningImported, desk.send(command))
    assert [lot.vat_bp for lot in imported.lots] == [0, 600, 0, 0]
    assert [lot.paid for lot in imported.lots] == [False, True, True, True]
    assert balance(desk, OPENING) == 50 + 2 + 11
    assert balance(desk, LIABILITY_MEMBERSHIP) == -2
    assert balance(desk, CREATORS_PAYABLE) == -11
    wallet = now_in(desk)
    assert [lot.terms.lot_id for lot in wallet.lots] == ["a", "c", "d", "b"]
    assert (wallet.claim_fen(), wallet.payable_fen) == (30, 11)
    check_invariants(desk.journal)


LOT = OpeningLot("a", INSPIRATION, "purchased", 100, 0, paid=True, cost_fen=10, vat_fen=1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount_minor": 0}, Reason.AMOUNT_OUT_OF_RANGE),
        ({"amount_minor": 10**15 + 1}, Reason.AMOUNT_OUT_OF_RANGE),
        ({"cost_fen": -1, "vat_fen": -1}, Reason.AMOUNT_OUT_OF_RANGE),
        ({"vat_fen": 11}, Reason.AMOUNT_OUT_OF_RANGE),
        ({"vat_fen": -1}, Reason.AMOUNT_OUT_OF_RANGE),
        ({"paid": False}, Reason.AMOUNT_OUT_OF_RANGE),
        ({"expires_at": at("2026-03-10T12:00")}, Reason.EXPIRY_OUT_OF_RANGE),
        ({"expires_at": INSTANT_MAX + 1}, Reason.EXPIRY_OUT_OF_RANGE),
    ],
)
def test_an_import_that_makes_no_sense_is_refused(
    desk: Desk, changes: dict[str, Any], reason: Reason
) -> None:
    """As a whole, whichever lot it is."""
    other = replace(LOT, lot_id="b")
    command = ImportOpening("ann", (other, replace(LOT, **changes)))
    assert refused(desk, command) == reason
    assert now_in(desk).lots == ()


def test_an_import_of_nothing_or_of_impossible_money_is_refused(desk: Desk) -> None:
    """A claim has at least a fen, and no more VAT than that."""
    assert refused(desk, ImportOpening("ann")) == Reason.AMOUNT_OUT_OF_RANGE
    assert refused(desk, ImportOpening("ann", (LOT,), (), -1)) == Reason.AMOUNT_OUT_OF_RANGE
    for fen, vat in ((0, 0), (10, 11), (10, -1)):
        command = ImportOpening("ann", (LOT,), (OpeningClaim("old", fen, vat, INSPIRATION),))
        assert refused(desk, command) == Reason.AMOUNT_OUT_OF_RANGE


def test_a_lot_is_carried_over_once(desk: Desk) -> None:
    """Neither twice in one import nor when the wallet has it."""
    assert refused(desk, ImportOpening("ann", (LOT, LOT))) == Reason.LOT_EXISTS
    expect(OpeningImported, desk.send(ImportOpening("ann", (LOT,))))
    assert refused(desk, ImportOpening("ann", (LOT,))) == Reason.LOT_EXISTS


def test_a_wallet_is_imported_within_its_bounds() -> None:
    """Three lots here, pending orders included."""
    desk = desk_at("2026-03-10T12:00", TIGHT)
    expect(OrderOpened, desk.send(OpenRecharge("ann", INSPIRATION, 100, "sandbox")))
    lots = tuple(replace(LOT, lot_id=name) for name in "abc")
    assert refused(desk, ImportOpening("ann", lots)) == Reason.LIMIT_EXCEEDED
    expect(OpeningImported, desk.send(ImportOpening("ann", lots[:2])))
