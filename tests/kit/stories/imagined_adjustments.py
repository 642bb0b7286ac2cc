"""Imagined adjustments: what two people give or take away, and payments taken back after it."""

from typing import TYPE_CHECKING, Literal

from ledger.core.decider import Command
from ledger.core.flows.adjustment import Adjust
from ledger.core.flows.reversal import RestorePayment, ReversePayment
from ledger.core.instants import HOUR_US, INSTANT_MAX, Instant
from ledger.core.wallet import Lot, Wallet
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.stories.imagined_wallets import ImaginedWallets
from tests.kit.stories.memory import SMALL_AMOUNTS

if TYPE_CHECKING:
    from tests.kit.stories.stories import Step

_PROPOSERS = ("amy", "ben")


class ImaginedAdjustments(ImaginedWallets):
    """Commands of operators about a balance."""

    def _adjust(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        if step.y > 8 or (not wallet.lots and step.y > 1):
            return self._credit(wallet, step, now)
        return self._take_away(wallet, step)

    def _credit(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        expiries = (None, None, now + HOUR_US, now + 1, now, INSTANT_MAX, INSTANT_MAX + 1, None)
        amounts = (*SMALL_AMOUNTS, 0, 10**15 + 1)
        source: Literal["promotional", "compensation"]
        source = "promotional" if step.x % 3 == 0 else "compensation"
        return Adjust(
            wallet.wallet_id,
            f"prop-{step.x}",
            _PROPOSERS[step.x % 2],
            "cleo",
            "credit",
            (INSPIRATION, KUAIBI)[step.x % 2],
            amounts[step.x % len(amounts)],
            "made good",
            source,
            expiries[step.z % len(expiries)],
        )

    def _take_away(self, wallet: Wallet, step: "Step") -> Command:
        include_paid = step.z % 3 != 0
        lots = [lot for lot in wallet.lots if include_paid or not lot.terms.paid]
        lot = lots[step.z % len(lots)] if lots else None
        currency = INSPIRATION if lot is None else lot.terms.currency
        lot_id = _named(lot, step)
        reach = sum(
            lot.available_minor
            for lot in lots
            if lot.terms.currency == currency and lot_id in {None, lot.terms.lot_id}
        )
        amounts = (
            *(reach, reach // 2, reach // 3 + 1, reach // 7 + 1, 1, 7, 10, reach - 1),
            *(reach, reach + 1, 99, 0, 10**15 + 1),
        )
        return Adjust(
            wallet.wallet_id,
            f"prop-{step.x}",
            _PROPOSERS[step.x % 2],
            "cleo",
            "debit",
            currency if step.y else KUAIBI,
            amounts[step.x % len(amounts)],
            "booked twice",
            lot_id=lot_id,
            include_paid=include_paid,
        )

    def _reverse_what_was_taken_away(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        names = [name for name in wallet.adjusted_fen if name in self.orders[wallet.wallet_id]]
        if not names:
            return self._reverse(wallet, step, now)
        order_id = names[-1 - step.z % len(names)]
        price, parked = self.orders[wallet.wallet_id][order_id].price_fen, wallet.adjusted_fen
        amounts = (price, price, parked[order_id], price // 2, price - 1, parked[order_id] + 1, 1)
        amount = amounts[step.x % len(amounts)]
        return ReversePayment(wallet.wallet_id, order_id, f"reversal-{step.x}", amount)

    def _restore_what_was_taken_away(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        orders = self.parked[wallet.wallet_id]
        if not orders:
            return self._restore(wallet, step, now)
        order_id = orders[-1 - step.z % len(orders)]
        price = self.orders[wallet.wallet_id][order_id].price_fen
        amount = (price, price, price // 2, price // 3 + 1, 1)[step.x % 5]
        return RestorePayment(wallet.wallet_id, order_id, f"restored-{step.x}", amount)


def _named(lot: Lot | None, step: "Step") -> str | None:
    if step.y == 7:
        return "lot-none"
    return lot.terms.lot_id if lot is not None and step.y % 2 else None
