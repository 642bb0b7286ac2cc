"""The words of a timeline: what each kind of event was, for people."""

from collections.abc import Mapping
from typing import Final

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
from ledger.core.wallet import SpendLimit

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


def what(event: Event, codes: Mapping[int, str]) -> str:
    """What happened; with what no other field of an entry tells."""
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
