"""The decider: every command, every event, and the pure functions over them.

`decide(state, command, terms, now) -> events | Rejection`, `evolve(wallet, event) -> wallet`,
`entry_for(event) -> legs`. The same functions serve live traffic, replay and verification.
"""

from collections.abc import Mapping
from typing import assert_never

from msgspec import Struct

from ledger.core import journal
from ledger.core.chart import REVENUE_BREAKAGE
from ledger.core.flows import daily_grant, debit, due, grant, hold, membership, order, refund
from ledger.core.flows.daily_grant import AlreadyClaimed, ClaimDailyGrant, DailyGranted
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.due import ApplyDues, LotExpired
from ledger.core.flows.grant import Grant, LotGranted
from ledger.core.flows.hold import (
    AuthorizeHold,
    CaptureHold,
    ExtendHold,
    HoldAuthorized,
    HoldCaptured,
    HoldExpired,
    HoldExtended,
    HoldVoided,
    VoidHold,
)
from ledger.core.flows.membership import MembershipEnded, MembershipGranted
from ledger.core.flows.order import (
    MembershipPaid,
    OpenMembership,
    OpenRecharge,
    OrderExpired,
    OrderOpened,
    PaymentSetAside,
    RechargePaid,
    SettlePayment,
)
from ledger.core.flows.refund import ChargeRefunded, RefundCharge
from ledger.core.instants import Instant
from ledger.core.journal import Legs
from ledger.core.money import CNY
from ledger.core.rejections import Rejection
from ledger.core.terms import Now, Terms
from ledger.core.wallet import Charge, ClosedHold, Document, Order, Wallet

Command = (
    Debit
    | AuthorizeHold
    | CaptureHold
    | VoidHold
    | ExtendHold
    | RefundCharge
    | Grant
    | ClaimDailyGrant
    | OpenRecharge
    | OpenMembership
    | SettlePayment
    | ApplyDues
)

Event = (
    DebitCharged
    | HoldAuthorized
    | HoldCaptured
    | HoldVoided
    | HoldExtended
    | HoldExpired
    | LotExpired
    | LotGranted
    | DailyGranted
    | ChargeRefunded
    | OrderOpened
    | OrderExpired
    | RechargePaid
    | MembershipPaid
    | MembershipGranted
    | MembershipEnded
    | PaymentSetAside
)

_WITHOUT_DOCUMENT = frozenset({DebitCharged, HoldAuthorized, LotGranted, DailyGranted})
"""The frequent events that write none: asked first, because a match would come to them last."""

DocumentRef = tuple[str, str]
"""(kind, id): `hold`, `charge` or `order`, within one wallet."""

Decision = tuple[Event, ...] | AlreadyClaimed | Rejection


class State(Struct, frozen=True):
    """What a decision looks at: the wallet, dues applied, and the documents it named."""

    wallet: Wallet
    documents: Mapping[DocumentRef, Document]


def refs_of(command: Command) -> tuple[DocumentRef, ...]:
    """The documents that a command names, to be loaded before it is decided."""
    match command:
        case Debit() | Grant() | ClaimDailyGrant() | OpenRecharge() | OpenMembership():
            return ()
        case ApplyDues():
            return ()
        case AuthorizeHold(hold_id=hold_id):
            return () if hold_id is None else (("hold", hold_id),)
        case CaptureHold() | VoidHold() | ExtendHold():
            return (("hold", command.hold_id),)
        case RefundCharge(charge_id=charge_id):
            return (("charge", charge_id),)
        case SettlePayment(order_id=order_id):
            return (("order", order_id),)
        case _:
            assert_never(command)


def decide(state: State, command: Command, terms: Terms, now: Now) -> Decision:
    """What a command brings about; `state.wallet` has had its dues applied.

    No event at all says that the command was there for the dues alone.
    """
    wallet = state.wallet
    match command:
        case Debit():
            return debit.decide(wallet, command, terms, now)
        case AuthorizeHold() | CaptureHold() | VoidHold() | ExtendHold():
            closed = _closed_hold(state, command)
            return hold.decide(wallet, closed, command, terms, now)
        case RefundCharge():
            return refund.decide(wallet, _charge(state, command), command, now)
        case Grant():
            return grant.decide(wallet, command, terms, now)
        case ClaimDailyGrant():
            return daily_grant.decide(wallet, command, terms, now)
        case OpenRecharge() | OpenMembership() | SettlePayment():
            return order.decide(wallet, _order(state, command), command, terms, now)
        case ApplyDues():
            return ()
        case _:
            assert_never(command)


def _closed_hold(state: State, command: hold.Command) -> ClosedHold | None:
    found = None if command.hold_id is None else state.documents.get(("hold", command.hold_id))
    return found if isinstance(found, ClosedHold) else None


def _charge(state: State, command: RefundCharge) -> Charge | None:
    found = state.documents.get(("charge", command.charge_id))
    return found if isinstance(found, Charge) else None


def _order(state: State, command: order.Command) -> Order | None:
    if not isinstance(command, SettlePayment):
        return None
    found = state.documents.get(("order", command.order_id))
    return found if isinstance(found, Order) else None


def evolve(wallet: Wallet, event: Event) -> Wallet:
    """The wallet after the event."""
    match event:
        case DebitCharged():
            return debit.evolve(wallet, event)
        case HoldAuthorized() | HoldCaptured() | HoldVoided() | HoldExpired() | HoldExtended():
            return hold.evolve(wallet, event)
        case LotExpired():
            return due.evolve(wallet, event)
        case LotGranted():
            return grant.evolve(wallet, event)
        case DailyGranted():
            return daily_grant.evolve(wallet, event)
        case ChargeRefunded():
            return refund.evolve(wallet, event)
        case OrderOpened() | OrderExpired() | RechargePaid() | MembershipPaid() | PaymentSetAside():
            return order.evolve(wallet, event)
        case MembershipGranted() | MembershipEnded():
            return membership.evolve(wallet, event)
        case _:
            assert_never(event)


def entry_for(event: Event) -> Legs:
    """The balanced legs of an event's journal entry, from the event alone."""
    match event:
        case DebitCharged(charge=charge):
            return journal.recognise(charge.takes, "available", "consumed")
        case HoldAuthorized(hold=authorized):
            return journal.relocate(authorized.takes, "available", "held")
        case HoldCaptured(charge=charge, returned=returned):
            return journal.recognise(charge.takes, "held", "consumed", returned=returned)
        case HoldVoided(hold=given_back) | HoldExpired(hold=given_back):
            return journal.relocate(given_back.takes, "held", "available")
        case LotExpired(take=take):
            return journal.recognise((take,), "available", "expired", revenue=REVENUE_BREAKAGE)
        case LotGranted(lot=lot) | DailyGranted(lot=lot) | MembershipGranted(lot=lot):
            return journal.issue(lot)
        case ChargeRefunded(returned=returned):
            return journal.give_back(returned)
        case RechargePaid(order=paid, lot=lot):
            return journal.payment(paid, lot)
        case MembershipPaid(order=paid):
            return journal.payment(paid, None)
        case PaymentSetAside(amount_fen=amount_fen, funds=funds, account=account):
            return ((funds, CNY, amount_fen), (account, CNY, -amount_fen))
        case HoldExtended() | OrderOpened() | OrderExpired() | MembershipEnded():
            return ()
        case _:
            assert_never(event)


def document_after(
    wallet: Wallet, event: Event, at: Instant
) -> tuple[DocumentRef, Document] | None:
    """The document that an event writes; `wallet` is the state before it.

    Debits and captures write no charge: a charge's id names its event, and only a refund turns
    it into a document of its own.
    """
    if type(event) in _WITHOUT_DOCUMENT:
        return None
    match event:
        case HoldCaptured() | HoldVoided() | HoldExpired():
            closed = hold.closed_hold(wallet, event, at)
            return ("hold", closed.hold.hold_id), closed
        case ChargeRefunded(charge=charge):
            return ("charge", charge.charge_id), charge
        case (
            OrderOpened(order=written)
            | OrderExpired(order=written)
            | RechargePaid(order=written)
            | MembershipPaid(order=written)
        ):
            return ("order", written.order_id), written
        case _:
            return None


def charge_of(event: Event) -> Charge | None:
    """The charge that an event made, as it was before any refund."""
    return event.charge if isinstance(event, DebitCharged | HoldCaptured) else None
