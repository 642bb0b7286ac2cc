"""Imagined orders: opened, paid or not, given back, taken back, restored, in hard amounts."""

from typing import TYPE_CHECKING

from ledger.core.decider import Command
from ledger.core.flows.membership import CancelMembership
from ledger.core.flows.order import CloseOrder, OpenMembership, OpenRecharge, SettlePayment
from ledger.core.flows.order_refund import ConfirmRefund, FailRefund, RefundOrder
from ledger.core.flows.reversal import RestorePayment, ReversePayment
from ledger.core.instants import Instant
from ledger.core.purchases import Order, UpgradeGoods
from ledger.core.removal import unspent_fen
from ledger.core.wallet import Wallet
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.stories.memory import Memory

if TYPE_CHECKING:
    from tests.kit.stories.stories import Step

_CHEAP = ("mini", "mini", "midi", "mini", "maxi", "midi")


class ImaginedOrders(Memory):
    """Commands about orders, their payments and their refunds."""

    def _open_recharge(self, wallet: Wallet, step: "Step", _: Instant) -> Command:
        prices = (100, 100, 100, 200, 300, 700, 1_000, 1_100, 5_000_000, 5_000_100, 0, 150)
        price = prices[step.x % (5 if self.mood == "owing" else 12)]
        kuaibi = step.y % 4 if self.mood == "giving" else not step.y % 3
        channel = ("sandbox", "sandbox", "apple")[step.z % 3]
        currency = KUAIBI if kuaibi else INSPIRATION
        return OpenRecharge(wallet.wallet_id, currency, price, channel)

    def _open_membership(self, wallet: Wallet, step: "Step", _: Instant) -> Command:
        plans = (*self.terms.plans, *_CHEAP, *_CHEAP, *_CHEAP)
        periods = ("month", "quarter", "quarter", "half_year", "year", "month")
        plan, period = plans[step.x % len(plans)], periods[step.y % len(periods)]
        running = wallet.membership
        if running is not None and running.terms and step.z < 9:
            period = running.terms[0].period
            higher = [name for name in ("mini", "midi", "maxi", "gold") if name != plan]
            plan = higher[step.x % len(higher)] if step.z < 3 else plan
        promotions = (None, None, None, None, "launch", "twice", "brief")
        promotion = promotions[(step.x + step.y + step.z) % len(promotions)]
        return OpenMembership(wallet.wallet_id, plan, period, "sandbox", promotion)

    def _settle(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        known = self.orders[wallet.wallet_id]
        unpaid = [order for order in known.values() if order.paid_at is None]
        if not unpaid and step.y < 6:
            return self._open_recharge(wallet, step, now)
        orders = unpaid if unpaid and step.y < 9 else list(known.values())
        order_id, price = "no-such-order", 100
        if orders:
            order = orders[-1 - step.z % len(orders)]
            order_id, price = order.order_id, order.price_fen
        amount = max(1, {0: price + 1, 1: price - 1}.get(step.x, price))
        return SettlePayment(wallet.wallet_id, order_id, f"pay-{step.x}", amount)

    def _close_order(self, wallet: Wallet, step: "Step", _: Instant) -> Command:
        pending = [order.order_id for order in wallet.orders] if step.y < 8 else []
        names = pending or [*self.orders[wallet.wallet_id]] or ["no-such-order"]
        return CloseOrder(wallet.wallet_id, names[step.z % len(names)])

    def _cancel(self, wallet: Wallet, _: "Step", __: Instant) -> Command:
        return CancelMembership(wallet.wallet_id)

    def _order(self, wallet: Wallet, step: "Step") -> Order | None:
        """Mostly one that still has value in the wallet, or months to come."""
        known = list(self.orders[wallet.wallet_id].values())
        worthy = [order for order in known if unspent_fen(wallet, order.order_id)]
        orders = worthy if worthy and step.y < 8 else known
        upgrades = [order for order in worthy if isinstance(order.goods, UpgradeGoods)]
        orders = upgrades if upgrades and step.y < 3 else orders
        repaid = [order for order in known if order.repaid]
        orders = repaid if repaid and 2 < step.y < 8 else orders
        return orders[-1 - step.z % len(orders)] if orders and step.y < 11 else None

    def _refund_order(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        order = self._order(wallet, step)
        if order is None:
            if step.y < 8:
                return self._open_recharge(wallet, step, now)
            return RefundOrder(wallet.wallet_id, "no-such-order", "?", (None, 0)[step.x % 2])
        worth = unspent_fen(wallet, order.order_id)
        repaid = sum(part.amount_fen for part in order.repaid)
        amounts = (
            *(None, None, None, 1, worth // 2, worth // 3 + 1, worth - 1, worth, 7),
            *(worth + 1, worth + repaid - 1, worth // 7 + 1, order.price_fen, 0, -1),
        )
        amount = amounts[step.x % len(amounts)]
        return RefundOrder(wallet.wallet_id, order.order_id, "changed my mind", amount)

    def _named_refund(self, wallet: Wallet, step: "Step") -> tuple[str, str]:
        refunds = list(wallet.refunds) if step.y < 9 else []
        reopening = [refund for refund in refunds if refund.reopened]
        refunds = reopening or refunds or self.refunds[wallet.wallet_id]
        if not refunds:
            return "no-such-refund", "no-such-order"
        refund = refunds[-1 - step.z % len(refunds)]
        return refund.refund_id, "no-such-order" if step.x == 0 else refund.order_id

    def _confirm_refund(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        if not wallet.refunds and step.y < 8:
            return self._refund_order(wallet, step, now)
        return ConfirmRefund(wallet.wallet_id, *self._named_refund(wallet, step))

    def _fail_refund(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        if not wallet.refunds and step.y < 8:
            return self._refund_order(wallet, step, now)
        return FailRefund(wallet.wallet_id, *self._named_refund(wallet, step))

    def _reverse(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        known = list(self.orders[wallet.wallet_id].values())
        if not known and step.y < 8:
            return self._open_recharge(wallet, step, now)
        name, reversal = wallet.wallet_id, f"reversal-{step.x}"
        if not known or step.y > 10:
            return ReversePayment(name, "no-such-order", reversal, (100, 0)[step.x % 2])
        order = known[-1 - step.z % len(known)]
        price, worth = order.price_fen, unspent_fen(wallet, order.order_id)
        amounts = (price, price, price, price // 2, 1, worth, worth + 1, price + 100, price // 3, 0)
        return ReversePayment(name, order.order_id, reversal, amounts[step.x % len(amounts)])

    def _restore(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        known = self.orders[wallet.wallet_id]
        owed = {claim.order_id: claim.open_fen for claim in wallet.claims}
        names = [name for name in owed if name in known] if step.y < 6 else []
        names = names or list(known)
        name, reversal = wallet.wallet_id, f"restored-{step.x}"
        if not names:
            if step.y < 8:
                return self._open_recharge(wallet, step, now)
            return RestorePayment(name, "no-such-order", reversal, (100, 0)[step.x % 2])
        order_id = names[-1 - step.z % len(names)]
        price, owing = known[order_id].price_fen, owed.get(order_id, 0)
        amounts = (price, price, price // 2, 1, owing, owing + 1, owing // 2, 2 * price, 0)
        return RestorePayment(name, order_id, reversal, amounts[step.x % len(amounts)])
