"""What a story remembers of its answers, and telling amounts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ledger.core.batch import Outcome
from ledger.core.flows.debit import DebitCharged
from ledger.core.flows.hold import HoldAuthorized, HoldCaptured
from ledger.core.flows.order import MembershipPaid, OrderOpened, PaymentSetAside, RechargePaid
from ledger.core.flows.order_refund import OrderRefundRequested
from ledger.core.flows.reversal import PaymentReversed
from ledger.core.flows.transfer import TransferReceived, TransferSent
from ledger.core.flows.upgrade import MembershipUpgraded
from ledger.core.purchases import Order
from ledger.core.terms import Terms
from ledger.core.wallet import OrderRefund, Transfer, Wallet
from tests.kit.currencies import INSPIRATION, KUAIBI

if TYPE_CHECKING:
    from tests.kit.stories.stories import Step

_ODD_AMOUNTS = (0, -5, 10**15, 10**15 + 1)
SMALL_AMOUNTS = (1, 2, 3, 7, 10, 33, 100, 101, 167, 250, 999, 1_000, 3_333, 6_600)


class Memory:
    """The ids a story has seen, by wallet, oldest first; of orders and refunds all there is."""

    def __init__(self, terms: Terms, wallets: Sequence[str], *, mood: str = "any") -> None:
        self.terms = terms
        self.wallets = wallets
        self.mood = mood
        self.holds: dict[str, list[str]] = {wallet: [] for wallet in wallets}
        self.charges: dict[str, list[str]] = {wallet: [] for wallet in wallets}
        self.orders: dict[str, dict[str, Order]] = {wallet: {} for wallet in wallets}
        self.refunds: dict[str, list[OrderRefund]] = {wallet: [] for wallet in wallets}
        self.transfers: list[Transfer] = []
        self.received: list[str] = []
        self.parked: dict[str, list[str]] = {wallet: [] for wallet in wallets}
        self.imports = 0

    def learn(self, wallet_id: str, answer: Outcome) -> None:
        """Remember the ids of an answer."""
        match answer:
            case DebitCharged(charge=charge) | HoldCaptured(charge=charge):
                self.charges[wallet_id].append(charge.charge_id)
            case HoldAuthorized(hold=hold):
                self.holds[wallet_id].append(hold.hold_id)
            case (
                OrderOpened(order=order)
                | RechargePaid(order=order)
                | MembershipPaid(order=order)
                | MembershipUpgraded(order=order)
            ):
                self.orders[wallet_id][order.order_id] = order
            case OrderRefundRequested(refund=refund):
                self.refunds[wallet_id].append(refund)
            case PaymentSetAside(refund=refund) if refund is not None:
                self.refunds[wallet_id].append(refund)
            case PaymentReversed(order=order, adjusted_fen=adjusted_fen) if adjusted_fen:
                self.parked[wallet_id].append(order.order_id)
            case TransferSent(transfer=transfer):
                self.transfers.append(transfer)
            case TransferReceived(transfer=transfer):
                self.received.append(transfer.transfer_id)
            case _:
                pass

    def currency(self, wallet: Wallet, step: "Step") -> int:
        """Mostly points of generation; sometimes a currency that nobody knows."""
        if self.mood == "owing" and wallet.lots:
            return wallet.lots[0].terms.currency
        if self.mood == "giving":
            return KUAIBI if step.y % 4 else INSPIRATION
        return {10: KUAIBI, 9: KUAIBI, 11: 999}.get(step.y, INSPIRATION)

    def amount(self, wallet: Wallet, step: "Step") -> int:
        """Small, or about what is available."""
        currency = self.currency(wallet, step)
        available = wallet.available_minor(currency)
        limits = [limit.day_minor for limit in wallet.limits if limit.currency == currency]
        if step.x % 3 == 0 and limits and limits[0] is not None:
            used = sum(usage.charged_minor for usage in wallet.used if usage.currency == currency)
            return limits[0] - used - wallet.held_minor(currency) + step.y % 3 - 1
        amounts = (
            *SMALL_AMOUNTS,
            *SMALL_AMOUNTS,
            available,
            available,
            *(available // part + 1 for part in range(2, 14)),
            available - 1,
            available + 1,
            *_ODD_AMOUNTS,
        )
        if self.mood == "owing" and step.z % 2:
            return available if step.x % 3 else available // 3 + 1
        if self.mood == "spending" and step.z % 2:
            return SMALL_AMOUNTS[step.x % len(SMALL_AMOUNTS)]
        return amounts[step.x % len(amounts)]


def one_of(known: Sequence[str], which: int, otherwise: str) -> str:
    """A known id, the latest for 0; another where none is known."""
    return known[-1 - which % len(known)] if known else otherwise
