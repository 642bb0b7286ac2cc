"""Situations that rules are hard in, as the log shows them: what stories must have been through."""

from collections import Counter
from collections.abc import Iterator

from ledger.core import wire
from ledger.core.chart import REVENUE_MEMBERSHIP, REVENUE_TIPS
from ledger.core.decider import Event, evolve
from ledger.core.flows.adjustment import BalanceAdjusted
from ledger.core.flows.closure import WalletClosed
from ledger.core.flows.conversion import Converted
from ledger.core.flows.hold import HoldCaptured, HoldExpired, HoldVoided
from ledger.core.flows.membership import MembershipGranted
from ledger.core.flows.order import MembershipPaid, PaymentSetAside, RechargePaid
from ledger.core.flows.order_refund import OrderRefundFailed, OrderRefundRequested
from ledger.core.flows.refund import ChargeRefunded
from ledger.core.flows.reversal import PaymentRestored, PaymentReversed
from ledger.core.flows.transfer import TransferSent
from ledger.core.flows.upgrade import MembershipUpgraded
from ledger.core.wallet import Wallet
from tests.kit.desk import Journal


def situations(journal: Journal) -> Counter[str]:
    """How often each of them came about; 0 where only an event that could have led there did."""
    counts: Counter[str] = Counter()
    wallets: dict[str, Wallet] = {}
    for record in journal.records:
        wallet = wallets.get(record.wallet_id, Wallet(record.wallet_id))
        event = wire.decode_event(record.payload)
        for name, there in _seen(wallet, event):
            counts[name] += there
        wallets[record.wallet_id] = evolve(wallet, event)
    return counts


def _seen(wallet: Wallet, event: Event) -> Iterator[tuple[str, bool]]:
    match event:
        case HoldCaptured() | HoldVoided() | HoldExpired():
            yield "held value is absorbed by a claim", bool(event.absorbed)
            yield "several held lots are absorbed", len(event.absorbed) > 1
            points = [absorption.take.amount_minor for absorption in event.absorbed]
            yield "cost is absorbed without its only point", 0 in points
        case ChargeRefunded(returned=returned, absorbed=absorbed):
            yield "a refunded charge is absorbed by a claim", bool(absorbed)
            yield "a refunded charge is absorbed in part", bool(absorbed and returned)
            sources = {absorption.take.lot.source == "membership" for absorption in absorbed}
            revenues = {absorption.revenue == REVENUE_MEMBERSHIP for absorption in absorbed}
            tips = any(absorption.revenue == REVENUE_TIPS for absorption in absorbed)
            yield "an absorbed charge had earned elsewhere", tips or sources != revenues
        case RechargePaid(lot=lot, repaid=repaid):
            yield "a recharge repays a claim", bool(repaid)
            yield "a recharge repays several claims", len(repaid) > 1
            yield "a recharge repays a claim with all of its price", lot is None
        case MembershipPaid(order=order):
            waiting = wallet.membership is not None and len(wallet.membership.terms) > 1
            yield "a term waits behind another one that waits", waiting
            yield "a membership is paid late", order.paid_late
        case MembershipUpgraded():
            yield from _seen_of_upgrade(wallet, event)
        case MembershipGranted(more=more):
            yield "an upgrade is granted beside its term", bool(more)
        case OrderRefundRequested() | OrderRefundFailed():
            yield from _seen_of_refund(wallet, event)
        case PaymentReversed() | PaymentRestored():
            yield from _seen_of_reversal(wallet, event)
        case _:
            yield from _seen_of_rest(wallet, event)


def _seen_of_rest(wallet: Wallet, event: Event) -> Iterator[tuple[str, bool]]:
    match event:
        case BalanceAdjusted():
            yield from _seen_of_adjustment(wallet, event)
        case Converted(takes=takes, amount_minor=amount_minor):
            yield "several lots are converted at once", len(takes) > 1
            yield "a part of a lot is converted", takes[-1].amount_minor < amount_minor
            yield "a lot that had its grace is converted", bool(event.graces)
        case TransferSent(takes=takes):
            yield "several lots are given at once", len(takes) > 1
        case WalletClosed(orders=orders, takes=takes, terms=terms, claims=claims):
            yield "a balance is forfeited", bool(takes)
            yield "a membership is given up with its wallet", bool(terms)
            upgrades = () if wallet.membership is None else wallet.membership.upgrades
            left = any(upgrade.ungranted_fen for upgrade in upgrades)
            yield "months of an upgrade are given up with its wallet", left
            yield "a claim is written off", bool(claims)
            yield "pending orders are closed with their wallet", bool(orders)
        case PaymentSetAside(refund=refund):
            closed = wallet.closed_at is not None
            yield "an order of a closed wallet is paid", closed and refund is not None
        case _:
            pass


def _seen_of_adjustment(wallet: Wallet, event: BalanceAdjusted) -> Iterator[tuple[str, bool]]:
    yield "a balance of a frozen wallet is adjusted", wallet.frozen
    if event.lot is not None:
        yield "an adjustment gives value that expires", event.lot.expires_at is not None
        return
    takes, lots = event.takes, {lot.terms.lot_id: lot for lot in wallet.lots}
    yield "an adjustment takes several lots", len(takes) > 1
    yield "paid value is taken away", any(take.cost_fen for take in takes)
    parts = [lots[take.lot.lot_id].available_minor > take.amount_minor for take in takes]
    yield (
        "a part of a paid lot is taken away",
        any(part and take.cost_fen for part, take in zip(parts, takes, strict=True)),
    )
    places = [list(lots).index(take.lot.lot_id) for take in takes]
    yield "an adjustment passes lots over", max(places) >= len(takes)
    again = any(take.lot.order_id in wallet.adjusted_fen for take in takes)
    yield "value of an order is taken away again", again


def _seen_of_upgrade(wallet: Wallet, event: MembershipUpgraded) -> Iterator[tuple[str, bool]]:
    membership, goods = wallet.membership, event.order.goods
    anchor, month = getattr(goods, "anchor", 0), getattr(goods, "month", 0)
    yield "an upgrade costs nothing", not event.order.price_fen
    yield "an upgrade is paid late", event.order.paid_late
    same = membership is not None and membership.anchor == anchor
    yield "an upgrade is paid when its membership is over", not same
    if membership is not None and same:
        yield "an upgrade is paid months after its quote", membership.month > month
        yield "an upgrade of an upgrade is paid", bool(membership.upgrades)
        yield "an upgrade is paid while lower plans wait", len(membership.terms) > 1


def _seen_of_refund(
    wallet: Wallet, event: OrderRefundRequested | OrderRefundFailed
) -> Iterator[tuple[str, bool]]:
    refund, before, after = event.refund, wallet.membership, event.membership
    term, takes = refund.term, refund.takes
    if isinstance(event, OrderRefundRequested):
        yield "an upgrade is refunded", refund.upgrade
        yield "a refund takes months and points", bool(term and takes)
        yield "a refund takes no whole month", term is not None and not term.months
        yield "a refund takes several lots", len(takes) > 1
        yield "converted value is refunded", any(take.lot.source == "conversion" for take in takes)
        yield "a refund reopens a claim", bool(refund.reopened)
        yield "a refund ends a membership", before is not None and after is None
        restarted = before is not None and after is not None and before.anchor != after.anchor
        yield "a refund lets what waited begin", restarted
        return
    yield "months of a failed refund are put back", term is not None
    yield "months of a failed refund begin a membership", term is not None and before is None
    yield "a failed refund is absorbed by a claim", bool(event.absorbed)
    yield "a failed refund repays a claim again", bool(event.repaid)
    yield "a failed refund leaves money in suspense", event.suspense_fen > 0
    yield "a second payment cannot be returned", refund.payment_id is not None


def _seen_of_reversal(
    wallet: Wallet, event: PaymentReversed | PaymentRestored
) -> Iterator[tuple[str, bool]]:
    yield "a payment of a closed wallet is taken back or restored", wallet.closed_at is not None
    if isinstance(event, PaymentRestored):
        yield "a restored payment cancels a claim", event.cancelled is not None
        yield "a restored payment is a lot", event.lot is not None
        both = event.cancelled is not None and event.lot is not None
        yield "a restored payment cancels a claim and is a lot", both
        yield "a restored payment is in suspense again", event.adjusted_fen > 0
        some = event.adjusted_fen > 0 and event.lot is not None
        yield "a restored payment is in suspense again and a lot", some
        return
    order_id = event.order.order_id
    yield "a chargeback takes points and leaves a claim", bool(event.takes and event.claim)
    yield "a chargeback takes months", event.term is not None
    yield "a chargeback reopens a claim", bool(event.reopened)
    grows = event.claim is not None and wallet.claim(order_id) is not None
    yield "a second chargeback makes a claim grow", grows
    ends = wallet.membership is not None and event.membership is None
    yield "a chargeback ends a membership", ends
    parked = event.adjusted_fen
    yield "a chargeback is met out of suspense", parked > 0
    yield "a chargeback leaves some in suspense", 0 < parked < wallet.adjusted_fen.get(order_id, 0)
    yield "a chargeback leaves a claim beyond suspense", bool(parked and event.claim)
    held = any(lot.held_minor and lot.terms.order_id == order_id for lot in wallet.lots)
    yield "a payment is taken back while its value is held", held
