"""Rendering of the past: entries of a wallet, and events of the feed."""

from typing import assert_never

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ledger.contract.answers_history import EntryAnswer, FeedEventAnswer, FeedLegAnswer
from ledger.contract.shared import Codes, optional_amount
from ledger.contract.wording_history import what
from ledger.core import wire
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
from ledger.core.instants import day_to_date, format_instant
from ledger.core.money import format_amount
from ledger.core.purchases import Order
from ledger.core.wallet import LotTerms, Transfer
from ledger.queries.history import Entry
from ledger.store.feed import FeedEvent


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
    """The ids that an event names; a new event says here which."""
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
            return _paid(order, lot)
        case MembershipUpgraded(order=order, lot=lot):
            return _paid(order, lot)
        case (
            OrderOpened(order=order)
            | OrderExpired(order=order)
            | OrderClosed(order=order)
            | MembershipPaid(order=order)
        ):
            return _paid(order, None)
        case PaymentReversed(order=order, amount_fen=fen):
            return Links(order_id=order.order_id, money_fen=fen)
        case PaymentRestored(order=order, lot=lot, amount_fen=fen):
            return replace(_paid(order, lot), money_fen=fen)
        case PaymentSetAside(order_id=order_id, amount_fen=fen, refund=refund):
            refund_id = None if refund is None else refund.refund_id
            return Links(order_id=order_id, money_fen=fen, refund_id=refund_id)
        case OrderRefundRequested() | OrderRefundConfirmed() | OrderRefundFailed():
            one = event.refund
            return Links(order_id=one.order_id, money_fen=one.amount_fen, refund_id=one.refund_id)
        case TransferSent(transfer=gift) | TransferCompleted(transfer=gift):
            return _given(gift, gift.to_wallet_id)
        case TransferReceived(transfer=gift):
            return _given(gift, gift.from_wallet_id)
        case PaidOut(reference=reference, amount_fen=fen):
            return Links(reference, money_fen=fen)
        case MembershipEnded() | MembershipCancelled() | Converted() | OpeningImported():
            return Links()
        case WalletFrozen() | WalletUnfrozen() | LimitSet() | WalletClosed():
            return Links()
        case _:
            assert_never(event)


def _paid(order: Order, lot: LotTerms | None) -> Links:
    lot_id = None if lot is None else lot.lot_id
    return Links(lot_id=lot_id, order_id=order.order_id, money_fen=order.price_fen)


def _given(gift: Transfer, other_wallet_id: str) -> Links:
    return Links(
        gift.reference,
        transfer_id=gift.transfer_id,
        money_fen=gift.share_fen,
        other_wallet_id=other_wallet_id,
    )


def render_entry(entry: Entry, codes: Codes) -> EntryAnswer:
    """An event as its wallet's owner sees it."""
    recorded, moved = entry.recorded, entry.moved
    links = links_of(recorded.event)
    amount = None
    if moved is not None:
        own = links.amount_minor
        amount = format_amount(moved.amount_minor if own is None else own)
    return EntryAnswer(
        seq=recorded.seq,
        at=format_instant(recorded.occurred_at),
        recorded_at=format_instant(recorded.recorded_at),
        type=wire.tag_of(recorded.event).rpartition("_v")[0],
        currency=None if moved is None else codes[moved.currency],
        amount=amount,
        available_change=None if moved is None else format_amount(moved.change_minor),
        available_after=None if moved is None else format_amount(moved.available_after_minor),
        reference=links.reference,
        hold_id=links.hold_id,
        charge_id=links.charge_id,
        lot_id=links.lot_id,
        order_id=links.order_id,
        transfer_id=links.transfer_id,
        refund_id=links.refund_id,
        other_wallet_id=links.other_wallet_id,
        amount_cny=optional_amount(links.money_fen),
        caller=recorded.caller or None,
        reason=recorded.reason,
        what=what(recorded.event, codes),
    )


def render_feed_event(event: FeedEvent, codes: Codes) -> FeedEventAnswer:
    """An event as followers of the log see it."""
    return FeedEventAnswer(
        shard=event.shard,
        seq=event.seq,
        wallet_id=event.wallet_id,
        type=event.tag,
        occurred_at=format_instant(event.occurred_at),
        recorded_at=format_instant(event.recorded_at),
        day=day_to_date(event.day),
        caller=event.caller or None,
        payload=msgspec.Raw(event.payload.encode()),
        legs=[
            FeedLegAnswer(
                leg.account, leg.code, codes[leg.currency], format_amount(leg.amount_minor)
            )
            for leg in event.legs
        ],
    )
