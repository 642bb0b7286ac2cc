"""The decider: every command, every event, and the pure functions over them.

`decide(state, command, terms, now) -> events | Rejection` and `evolve(wallet, event) -> wallet`:
the same functions serve live traffic, replay and verification.
"""

from collections.abc import Mapping
from typing import assert_never

from msgspec import Struct

from ledger.core import gate
from ledger.core.flows import (
    adjustment,
    closure,
    control,
    conversion,
    daily_grant,
    debit,
    due,
    grant,
    hold,
    membership,
    opening,
    order,
    order_refund,
    refund,
    reversal,
    transfer,
)
from ledger.core.flows.adjustment import Adjust, BalanceAdjusted
from ledger.core.flows.closure import CloseWallet, WalletClosed
from ledger.core.flows.control import (
    FreezeWallet,
    LimitSet,
    SetLimit,
    UnfreezeWallet,
    WalletFrozen,
    WalletUnfrozen,
)
from ledger.core.flows.conversion import Convert, Converted
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
from ledger.core.flows.membership import (
    CancelMembership,
    MembershipCancelled,
    MembershipEnded,
    MembershipGranted,
)
from ledger.core.flows.opening import ImportOpening, OpeningImported
from ledger.core.flows.order import (
    CloseOrder,
    MembershipPaid,
    OpenMembership,
    OpenRecharge,
    OrderClosed,
    OrderExpired,
    OrderOpened,
    PaymentSetAside,
    RechargePaid,
    SettlePayment,
)
from ledger.core.flows.order_refund import (
    ConfirmRefund,
    FailRefund,
    OrderRefundConfirmed,
    OrderRefundFailed,
    OrderRefundRequested,
    RefundOrder,
)
from ledger.core.flows.refund import ChargeRefunded, RefundCharge
from ledger.core.flows.reversal import (
    PaymentRestored,
    PaymentReversed,
    RestorePayment,
    ReversePayment,
)
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
from ledger.core.flows.upgrade import MembershipUpgraded
from ledger.core.purchases import Order
from ledger.core.rejections import Rejection
from ledger.core.terms import Now, Terms
from ledger.core.wallet import Charge, ClosedHold, Document, OrderRefund, Wallet

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
    | CloseOrder
    | SettlePayment
    | RefundOrder
    | ConfirmRefund
    | FailRefund
    | ReversePayment
    | RestorePayment
    | CancelMembership
    | Convert
    | SendTransfer
    | ReceiveTransfer
    | CompleteTransfer
    | PayOut
    | FreezeWallet
    | UnfreezeWallet
    | SetLimit
    | CloseWallet
    | ImportOpening
    | Adjust
    | ApplyDues
)
"""Every command. As class attributes, and none by default, each says of itself:

- `gates`: what it is refused for by what its wallet is, before its flow is asked;
- `draws_id`: whether what it brings about may be named by the fresh id drawn for it;
- `free_text`: the field, if any, that people fill in; the log keeps a salted digest of it;
- `documents`: the fields that name documents, which are loaded before it is decided.
"""

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
    | OrderClosed
    | RechargePaid
    | MembershipPaid
    | MembershipUpgraded
    | MembershipGranted
    | MembershipEnded
    | MembershipCancelled
    | PaymentSetAside
    | OrderRefundRequested
    | OrderRefundConfirmed
    | OrderRefundFailed
    | PaymentReversed
    | PaymentRestored
    | Converted
    | TransferSent
    | TransferReceived
    | TransferCompleted
    | PaidOut
    | WalletFrozen
    | WalletUnfrozen
    | LimitSet
    | WalletClosed
    | OpeningImported
    | BalanceAdjusted
)

DocumentRef = tuple[str, str]
"""(kind, id): `hold`, `charge`, `order`, `refund` or `transfer`, within one wallet."""

Decision = tuple[Event, ...] | AlreadyClaimed | Rejection


class State(Struct, frozen=True):
    """What a decision looks at: the wallet, dues applied, and the documents it named."""

    wallet: Wallet
    documents: Mapping[DocumentRef, Document]


def refs_of(command: Command) -> tuple[DocumentRef, ...]:
    """The documents that a command names, to be loaded before it is decided."""
    refs: tuple[DocumentRef, ...] = ()
    for field in command.documents:
        name = getattr(command, field)
        if name is not None:
            refs += ((field.removesuffix("_id"), name),)
    return refs


def decide(state: State, command: Command, terms: Terms, now: Now) -> Decision:
    """What a command brings about; `state.wallet` has had its dues applied.

    No event at all says that the command was there for the dues alone.
    """
    wallet = state.wallet
    refusal = gate.refusal_of(wallet, command, terms)
    if refusal is not None:
        return refusal
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
        case _:
            return _decide_rarer(state, command, terms, now)


_Rarer = (
    order.Command
    | order_refund.Command
    | reversal.Command
    | CancelMembership
    | Convert
    | transfer.Command
    | control.Command
    | CloseWallet
    | ImportOpening
    | Adjust
    | ApplyDues
)


def _decide_rarer(state: State, command: _Rarer, terms: Terms, now: Now) -> Decision:
    wallet = state.wallet
    match command:
        case OpenRecharge() | OpenMembership() | CloseOrder() | SettlePayment():
            return order.decide(wallet, _order(state, command), command, terms, now)
        case RefundOrder() | ConfirmRefund() | FailRefund():
            resolved = _refund(state, command)
            return order_refund.decide(
                wallet, _order(state, command), resolved, command, terms, now
            )
        case ReversePayment() | RestorePayment():
            return reversal.decide(wallet, _order(state, command), command, now)
        case CancelMembership():
            return membership.decide(wallet, command)
        case Convert():
            return conversion.decide(wallet, command, terms, now)
        case SendTransfer() | ReceiveTransfer() | CompleteTransfer() | PayOut():
            return transfer.decide(wallet, command, terms, now)
        case FreezeWallet() | UnfreezeWallet() | SetLimit():
            return control.decide(command, terms)
        case CloseWallet():
            return closure.decide(wallet, command, now)
        case ImportOpening():
            return opening.decide(wallet, command, terms, now)
        case Adjust():
            return adjustment.decide(wallet, command, terms, now)
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


def _order(state: State, command: Command) -> Order | None:
    named = [ref for ref in refs_of(command) if ref[0] == "order"]
    found = state.documents.get(named[0]) if named else None
    return found if isinstance(found, Order) else None


def _refund(state: State, command: order_refund.Command) -> OrderRefund | None:
    named = [ref for ref in refs_of(command) if ref[0] == "refund"]
    found = state.documents.get(named[0]) if named else None
    return found if isinstance(found, OrderRefund) else None


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
        case _:
            return _evolve_rarer(wallet, event)


_RarerEvent = (
    order.Event
    | order_refund.Event
    | reversal.Event
    | membership.Event
    | Converted
    | transfer.Event
    | control.Event
    | WalletClosed
    | OpeningImported
    | BalanceAdjusted
)


def _evolve_rarer(wallet: Wallet, event: _RarerEvent) -> Wallet:
    match event:
        case (
            OrderOpened()
            | OrderExpired()
            | OrderClosed()
            | RechargePaid()
            | MembershipPaid()
            | MembershipUpgraded()
            | PaymentSetAside()
        ):
            return order.evolve(wallet, event)
        case OrderRefundRequested() | OrderRefundConfirmed() | OrderRefundFailed():
            return order_refund.evolve(wallet, event)
        case PaymentReversed() | PaymentRestored():
            return reversal.evolve(wallet, event)
        case MembershipGranted() | MembershipEnded() | MembershipCancelled():
            return membership.evolve(wallet, event)
        case Converted():
            return conversion.evolve(wallet, event)
        case TransferSent() | TransferReceived() | TransferCompleted() | PaidOut():
            return transfer.evolve(wallet, event)
        case WalletFrozen() | WalletUnfrozen() | LimitSet():
            return control.evolve(wallet, event)
        case WalletClosed():
            return closure.evolve(wallet, event)
        case OpeningImported():
            return opening.evolve(wallet, event)
        case BalanceAdjusted():
            return adjustment.evolve(wallet, event)
        case _:
            assert_never(event)


def charge_of(event: Event) -> Charge | None:
    """The charge that an event made, as it was before any refund."""
    return event.charge if isinstance(event, DebitCharged | HoldCaptured) else None
