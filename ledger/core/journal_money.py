"""Journal entries of money: payments, refunds, reversals, tips, corrections, opening balances."""

from collections.abc import Iterable

from ledger.core.chart import (
    BANK,
    CREATORS_PAYABLE,
    IN_TRANSIT,
    OPENING,
    REFUNDS_PAYABLE,
    REVENUE_BREAKAGE,
    REVENUE_TIPS,
    SUSPENSE,
    TAX_WITHHELD,
    VAT_PAYABLE,
    VAT_PENDING,
    PointState,
)
from ledger.core.flows.adjustment import BalanceAdjusted
from ledger.core.flows.closure import WalletClosed
from ledger.core.flows.conversion import Converted
from ledger.core.flows.opening import OpeningImported
from ledger.core.flows.order_refund import OrderRefundFailed
from ledger.core.flows.reversal import PaymentRestored, PaymentReversed
from ledger.core.flows.transfer import PaidOut, TransferReceived, TransferSent
from ledger.core.journal import Entry, Legs
from ledger.core.money import CNY
from ledger.core.purchases import MembershipTerm, Order, Repayment
from ledger.core.wallet import LotTerms, OrderRefund, Take


def recharge(order: Order, lot: LotTerms | None, repaid: Iterable[Repayment]) -> Legs:
    """A recharge is paid: its lot is owed, and claims that it repaid are revenue again."""
    entry = Entry()
    if lot is not None:
        _book_liability(entry, order.funds, lot)
        entry.issue(lot)
    for repayment in repaid:
        _restore_revenue(entry, order.funds, repayment)
    return entry.legs()


def membership(order: Order, lot: LotTerms | None) -> Legs:
    """A membership is paid: all of it is owed; an upgrade has a lot at once."""
    entry = Entry()
    credits_ = (order.goods.liability, VAT_PENDING)
    entry.gross((order.funds, order.funds), credits_, order.price_fen, order.vat_fen)
    if lot is not None:
        entry.issue(lot)
    return entry.legs()


def set_aside(refund: OrderRefund) -> Legs:
    """A refund is asked for: what it takes is no longer owed as points but as money."""
    entry = Entry()
    _book_return(entry, refund.takes, refund.term, "refunding", REFUNDS_PAYABLE)
    for repayment in refund.reopened:
        _reverse_revenue(entry, repayment, REFUNDS_PAYABLE)
    return entry.legs()


def refunded(refund: OrderRefund) -> Legs:
    """A refund is confirmed: the money left the channel."""
    entry = Entry()
    entry.relocate(refund.takes, "refunding", "refunded")
    entry.move(REFUNDS_PAYABLE, refund.funds, CNY, refund.amount_fen)
    return entry.legs()


def refund_failed(event: OrderRefundFailed) -> Legs:
    """A refund failed: points and months are owed again, claims repaid again or absorbed."""
    entry = Entry()
    payable = (REFUNDS_PAYABLE, REFUNDS_PAYABLE)
    entry.relocate(event.returned, "refunding", "available")
    for take in event.returned:
        entry.gross(payable, (take.lot.liability, VAT_PENDING), take.cost_fen, take.vat_fen)
    for absorption in event.absorbed:
        take = absorption.take
        entry.relocate((take,), "refunding", "refunded")
        entry.gross(payable, (absorption.revenue, VAT_PAYABLE), take.cost_fen, take.vat_fen)
    term = event.refund.term
    if term is not None:
        entry.gross(payable, (term.liability, VAT_PENDING), term.cost_fen, term.vat_fen)
    for part in event.repaid:
        _restore_revenue(entry, REFUNDS_PAYABLE, part)
    entry.move(REFUNDS_PAYABLE, SUSPENSE, CNY, event.suspense_fen)
    return entry.legs()


def reversed_(event: PaymentReversed) -> Legs:
    """A channel took money back: out of what was owed, of revenue for what was spent."""
    entry = Entry()
    funds = event.order.funds
    _book_return(entry, event.takes, event.term, "refunded", funds)
    for repayment in event.reopened:
        _reverse_revenue(entry, repayment, funds)
    claim = event.claim
    if claim is not None:
        debits = (claim.revenue, VAT_PAYABLE)
        entry.gross(debits, (funds, funds), claim.open_fen, claim.open_vat_fen)
    entry.move(SUSPENSE, funds, CNY, event.suspense_fen + event.adjusted_fen)
    return entry.legs()


def restored(event: PaymentRestored) -> Legs:
    """A channel gave money back: revenue that a claim stood for, and a lot for the rest."""
    entry = Entry()
    funds = event.order.funds
    if event.cancelled is not None:
        _restore_revenue(entry, funds, event.cancelled)
    if event.lot is not None:
        _book_liability(entry, funds, event.lot)
        entry.issue(event.lot)
    entry.move(funds, SUSPENSE, CNY, event.suspense_fen + event.adjusted_fen)
    return entry.legs()


def converted(event: Converted) -> Legs:
    """Value changes its currency: liability moves along, VAT pending stays."""
    entry = Entry()
    entry.relocate(event.takes, "available", "converted")
    for take, lot in zip(event.takes, event.lots, strict=True):
        entry.issue(lot)
        entry.move(take.lot.liability, lot.liability, CNY, take.cost_fen - take.vat_fen)
    return entry.legs()


def tipped(event: TransferSent) -> Legs:
    """A tip is revenue, less the creator's share, which is in transit."""
    entry = Entry()
    entry.relocate(event.takes, "available", "consumed")
    for take in event.takes:
        entry.recognise(take, REVENUE_TIPS)
    entry.move(REVENUE_TIPS, IN_TRANSIT, CNY, event.transfer.share_fen)
    return entry.legs()


def received(event: TransferReceived) -> Legs:
    """The share has arrived and is payable."""
    entry = Entry()
    entry.move(IN_TRANSIT, CREATORS_PAYABLE, CNY, event.transfer.share_fen)
    return entry.legs()


def paid_out(event: PaidOut) -> Legs:
    """A creator was paid out of the bank; what was withheld is owed to the tax office."""
    entry = Entry()
    entry.move(CREATORS_PAYABLE, BANK, CNY, event.amount_fen - event.withheld_fen)
    entry.move(CREATORS_PAYABLE, TAX_WITHHELD, CNY, event.withheld_fen)
    return entry.legs()


def closed(event: WalletClosed) -> Legs:
    """A wallet is closed: what it forfeits is breakage. Claims are memoranda and leave no trace."""
    entry = Entry()
    entry.relocate(event.takes, "available", "expired")
    for take in event.takes:
        entry.recognise(take, REVENUE_BREAKAGE)
    for term in event.terms:
        debits, credits_ = (term.liability, VAT_PENDING), (REVENUE_BREAKAGE, VAT_PAYABLE)
        entry.gross(debits, credits_, term.ungranted_fen, term.ungranted_vat_fen)
    return entry.legs()


def opened(event: OpeningImported) -> Legs:
    """Balances are carried over against the opening account."""
    entry = Entry()
    for lot in event.lots:
        entry.issue(lot)
        if lot.paid:
            _book_liability(entry, OPENING, lot)
    entry.move(OPENING, CREATORS_PAYABLE, CNY, event.payable_fen)
    return entry.legs()


def adjusted(event: BalanceAdjusted) -> Legs:
    """A balance is corrected: a free lot, or value taken away; what that cost is not earned."""
    entry = Entry()
    if event.lot is not None:
        entry.issue(event.lot)
    _book_return(entry, event.takes, None, "adjusted", SUSPENSE)
    return entry.legs()


def _book_liability(entry: Entry, paid_from: int, lot: LotTerms) -> None:
    entry.gross((paid_from, paid_from), (lot.liability, VAT_PENDING), lot.cost_fen, lot.vat_fen)


def _book_return(
    entry: Entry,
    takes: Iterable[Take],
    term: MembershipTerm | None,
    state: PointState,
    account: int,
) -> None:
    """What was owed as points or months is owed, or gone, as money."""
    entry.relocate(takes, "available", state)
    for take in takes:
        debits = (take.lot.liability, VAT_PENDING)
        entry.gross(debits, (account, account), take.cost_fen, take.vat_fen)
    if term is not None:
        debits = (term.liability, VAT_PENDING)
        entry.gross(debits, (account, account), term.cost_fen, term.vat_fen)


def _reverse_revenue(entry: Entry, part: Repayment, account: int) -> None:
    debits = (part.revenue, VAT_PAYABLE)
    entry.gross(debits, (account, account), part.amount_fen, part.vat_fen)


def _restore_revenue(entry: Entry, account: int, part: Repayment) -> None:
    credits_ = (part.revenue, VAT_PAYABLE)
    entry.gross((account, account), credits_, part.amount_fen, part.vat_fen)
