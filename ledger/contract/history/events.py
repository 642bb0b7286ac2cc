"""Events as people know them: what each is about, and a phrase for each."""

from typing import Final, assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.contract.shared import Codes
from ledger.core.decider import Event
from ledger.core.flows.adjustment import BalanceAdjusted
from ledger.core.flows.closure import WalletClosed
from ledger.core.flows.control import LimitSet, WalletFrozen, WalletUnfrozen
from ledger.core.flows.conversion import Converted
from ledger.core.flows.daily_grant import DailyGranted
from ledger.core.flows.debit import DebitCharged
from ledger.core.flows.due import LotExpired
from ledger.core.flows.grant import LotGranted
from ledger.core.flows.hold import (
    HoldAuthorized,
    HoldCaptured,
    HoldExpired,
    HoldExtended,
    HoldVoided,
)
from ledger.core.flows.membership import MembershipCancelled, MembershipEnded, MembershipGranted
from ledger.core.flows.opening import OpeningImported
from ledger.core.flows.order import (
    MembershipPaid,
    OrderClosed,
    OrderExpired,
    OrderOpened,
    PaymentSetAside,
    RechargePaid,
)
from ledger.core.flows.order_refund import (
    OrderRefundConfirmed,
    OrderRefundFailed,
    OrderRefundRequested,
)
from ledger.core.flows.refund import ChargeRefunded
from ledger.core.flows.reversal import PaymentRestored, PaymentReversed
from ledger.core.flows.transfer import PaidOut, TransferCompleted, TransferReceived, TransferSent
from ledger.core.flows.upgrade import MembershipUpgraded
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.purchases import Order
from ledger.core.wallet import LotTerms, SpendLimit, Transfer


class Links(Struct, frozen=True):
    """What an event is about: the ids it names.

    `amount_minor` is its own amount where that is not all the points that its legs move,
    `money_fen` the money it is about, `other_wallet_id` the wallet at the other end of a gift.
    """

    reference: str | None = None
    hold_id: str | None = None
    charge_id: str | None = None
    lot_id: str | None = None
    order_id: str | None = None
    transfer_id: str | None = None
    amount_minor: int | None = None
    money_fen: int | None = None
    refund_id: str | None = None
    other_wallet_id: str | None = None


def links_of(event: Event) -> Links:  # noqa: PLR0912 - one case a kind of event
    """The ids that an event names; every kind of event has a case here."""
    match event:
        case DebitCharged(charge=made):
            return Links(made.reference, charge_id=made.charge_id)
        case HoldAuthorized(hold) | HoldExtended(hold) | HoldVoided(hold) | HoldExpired(hold):
            return Links(hold.reference, hold.hold_id)
        case HoldCaptured(hold_id, made):
            return Links(made.reference, hold_id, made.charge_id, amount_minor=made.amount_minor)
        case ChargeRefunded(charge=made):
            return Links(made.reference, made.hold_id, made.charge_id)
        case LotGranted(lot=lot) | DailyGranted(lot=lot):
            return Links(lot_id=lot.lot_id)
        case BalanceAdjusted(lot=given, takes=takes):
            lots = {take.lot.lot_id for take in takes} if given is None else {given.lot_id}
            return Links(lot_id=lots.pop() if len(lots) == 1 else None)
        case LotExpired(take):
            return Links(lot_id=take.lot.lot_id, order_id=take.lot.order_id)
        case MembershipGranted(order_id=order_id, lot=lot):
            return Links(lot_id=lot.lot_id, order_id=order_id)
        case RechargePaid(order=order, lot=lot):
            return _links_of_payment(order, lot)
        case MembershipUpgraded(order=order, lot=lot):
            return _links_of_payment(order, lot)
        case (
            OrderOpened(order=order)
            | OrderExpired(order=order)
            | OrderClosed(order=order)
            | MembershipPaid(order=order)
        ):
            return _links_of_payment(order, None)
        case PaymentReversed(order=order, amount_fen=fen):
            return Links(order_id=order.order_id, money_fen=fen)
        case PaymentRestored(order=order, lot=lot, amount_fen=fen):
            return replace(_links_of_payment(order, lot), money_fen=fen)
        case PaymentSetAside(order_id=order_id, amount_fen=fen, refund=refund):
            refund_id = None if refund is None else refund.refund_id
            return Links(order_id=order_id, money_fen=fen, refund_id=refund_id)
        case OrderRefundRequested() | OrderRefundConfirmed() | OrderRefundFailed():
            refund = event.refund
            return Links(
                order_id=refund.order_id, money_fen=refund.amount_fen, refund_id=refund.refund_id
            )
        case TransferSent(transfer=gift) | TransferCompleted(transfer=gift):
            return _links_of_transfer(gift, gift.to_wallet_id)
        case TransferReceived(transfer=gift):
            return _links_of_transfer(gift, gift.from_wallet_id)
        case PaidOut(reference=reference, amount_fen=fen):
            return Links(reference, money_fen=fen)
        case MembershipEnded() | MembershipCancelled() | Converted() | OpeningImported():
            return Links()
        case WalletFrozen() | WalletUnfrozen() | LimitSet() | WalletClosed():
            return Links()
        case _:
            assert_never(event)


def _links_of_payment(order: Order, lot: LotTerms | None) -> Links:
    lot_id = None if lot is None else lot.lot_id
    return Links(lot_id=lot_id, order_id=order.order_id, money_fen=order.price_fen)


def _links_of_transfer(gift: Transfer, other_wallet_id: str) -> Links:
    return Links(
        gift.reference,
        transfer_id=gift.transfer_id,
        money_fen=gift.share_fen,
        other_wallet_id=other_wallet_id,
    )


WHAT: Final[dict[type[Event], str]] = {
    DebitCharged: "Points were charged in one step",
    HoldAuthorized: "Points were set aside for a job",
    HoldCaptured: "What a hold had set aside was charged",
    HoldVoided: "A hold was given up, its points went back",
    HoldExtended: "A hold got another end",
    HoldExpired: "A hold ran out, its points went back",
    LotExpired: "Points expired unspent",
    LotGranted: "Points were given for free",
    DailyGranted: "The day's free points were claimed",
    ChargeRefunded: "A charge was given back",
    OrderOpened: "An order was opened and waits for its payment",
    OrderExpired: "An order was not paid in time",
    OrderClosed: "An order was given up",
    RechargePaid: "A recharge was paid",
    MembershipPaid: "A membership was paid",
    MembershipUpgraded: "A membership was upgraded",
    MembershipGranted: "The month's points of a membership were granted",
    MembershipEnded: "A membership ended",
    MembershipCancelled: "A membership will not renew",
    PaymentSetAside: "A payment that buys nothing was put aside",
    OrderRefundRequested: "A refund was asked for, what it takes is set aside",
    OrderRefundConfirmed: "The channel paid a refund back",
    OrderRefundFailed: "The channel refused a refund, what was set aside came back",
    PaymentReversed: "The channel took a payment back by itself",
    PaymentRestored: "The channel gave back what it had taken",
    Converted: "Points were converted",
    TransferSent: "Points were given to another wallet",
    TransferReceived: "A gift from another wallet became payable",
    TransferCompleted: "A gift arrived at the other wallet",
    PaidOut: "Money was paid out to the owner",
    WalletFrozen: "The wallet was frozen",
    WalletUnfrozen: "The wallet may spend again",
    LimitSet: "Spending was limited",
    WalletClosed: "The wallet was closed, what it had was given up",
    OpeningImported: "Balances were carried over from an earlier system",
    BalanceAdjusted: "The balance was corrected",
}
"""A phrase for every kind of event."""


def what(event: Event, codes: Codes) -> str:
    """What happened, in a phrase, with the facts that no other field of an entry has."""
    phrase = WHAT[type(event)]
    match event:
        case HoldExtended(hold):
            return f"{phrase}: {format_instant(hold.expires_at)}"
        case LimitSet(limit):
            return _limited(limit, codes[limit.currency])
        case Converted(from_currency=source, to_currency=target):
            return f"{phrase} from {codes[source]} to {codes[target]}"
        case MembershipPaid(term=term):
            return f"{phrase}: {term.plan}, {term.period}"
        case MembershipUpgraded(order=order):
            return f"{phrase} to {getattr(order.goods, 'plan', '')}"
        case MembershipEnded(plan=plan):
            return f"{phrase}: {plan}"
        case BalanceAdjusted(direction=direction):
            way = "given" if direction == "credit" else "taken away"
            people = f"{event.proposed_by} proposed it, {event.approved_by} approved"
            return f"{phrase}, points were {way}: {people}"
        case _:
            return phrase


def _limited(limit: SpendLimit, code: str) -> str:
    parts = [
        f"{format_amount(minor)} {period}"
        for minor, period in ((limit.day_minor, "a day"), (limit.single_minor, "a charge"))
        if minor is not None
    ]
    if not parts:
        return f"Spending of {code} is limited no longer"
    return f"Spending of {code} was limited to {' and '.join(parts)}"
