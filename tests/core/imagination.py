"""What a story's step means where the story stands: a command of real ids and telling amounts."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from ledger.core.batch import Answer
from ledger.core.decider import Command
from ledger.core.flows.daily_grant import ClaimDailyGrant
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import (
    AuthorizeHold,
    CaptureHold,
    ExtendHold,
    HoldAuthorized,
    HoldCaptured,
    VoidHold,
)
from ledger.core.flows.order import OpenMembership, OpenRecharge, OrderOpened, SettlePayment
from ledger.core.flows.refund import RefundCharge
from ledger.core.instants import DAY_US, HOUR_US, INSTANT_MAX, SECOND_US, Instant
from ledger.core.terms import Terms
from ledger.core.wallet import Wallet
from tests.core.support import INSPIRATION, KUAIBI

if TYPE_CHECKING:
    from tests.core.stories import Step

_Maker = Callable[[Wallet, "Step", Instant], Command]

_ODD_AMOUNTS = (0, -5, 10**15, 10**15 + 1)
_SMALL_AMOUNTS = (1, 2, 3, 7, 10, 33, 100, 101, 167, 250, 999, 1_000, 3_333, 6_600)
_REASONS = ("job failed", "we are sorry")


class Imagination:
    """Remembers the ids a story has seen, and makes commands that name them.

    In a `spending` mood wallets soon hold little but paid value, and spend and return it in small
    parts: that is where shares of cost and VAT are hardest.
    """

    def __init__(self, terms: Terms, wallets: Sequence[str], *, spending: bool = False) -> None:
        self.terms = terms
        self.holds: dict[str, list[str]] = {wallet: [] for wallet in wallets}
        self.charges: dict[str, list[str]] = {wallet: [] for wallet in wallets}
        self.orders: dict[str, list[tuple[str, int]]] = {wallet: [] for wallet in wallets}
        self.spending = spending
        makers: tuple[tuple[int, int, _Maker], ...] = (
            (4, 8, self._debit),
            (1, 0, self._debit_of_a_sku),
            (5, 8, self._authorize),
            (4, 7, self._capture),
            (2, 3, self._void),
            (2, 1, self._extend),
            (4, 8, self._refund),
            (3, 0, self._grant),
            (2, 0, self._daily_grant),
            (3, 2, self._open_recharge),
            (3, 2, self._open_membership),
            (6, 2, self._settle),
            (1, 0, self._something_unknown),
        )
        self._makers = [
            maker for some, many, maker in makers for _ in range(many if spending else some)
        ]

    def command(self, step: "Step", wallet: Wallet, now: Instant) -> Command:
        """The command that a step means, given the wallet as it is now."""
        if self.spending and wallet.orders:
            return self._settle(wallet, step, now)
        if self.spending and not wallet.lots and step.z > 3:
            opens = self._open_membership if step.z > 8 else self._open_recharge
            return opens(wallet, step, now)
        return self._makers[step.kind % len(self._makers)](wallet, step, now)

    def learn(self, wallet_id: str, answer: Answer) -> None:
        """Remember the ids of an answer."""
        match answer:
            case DebitCharged(charge=charge) | HoldCaptured(charge=charge):
                self.charges[wallet_id].append(charge.charge_id)
            case HoldAuthorized(hold=hold):
                self.holds[wallet_id].append(hold.hold_id)
            case OrderOpened(order=order):
                self.orders[wallet_id].append((order.order_id, order.price_fen))
            case _:
                pass

    def _currency(self, step: "Step") -> int:
        return {10: KUAIBI, 9: KUAIBI, 11: 999}.get(step.y, INSPIRATION)

    def _amount(self, wallet: Wallet, step: "Step") -> int:
        available = wallet.available_minor(self._currency(step))
        amounts = (
            *_SMALL_AMOUNTS,
            *_SMALL_AMOUNTS,
            available,
            available,
            *(available // part + 1 for part in range(2, 14)),
            available - 1,
            available + 1,
            *_ODD_AMOUNTS,
        )
        if self.spending and step.z % 2:
            return _SMALL_AMOUNTS[step.x % len(_SMALL_AMOUNTS)]
        return amounts[step.x % len(amounts)]

    def _debit(self, wallet: Wallet, step: "Step", _: Instant) -> Command:
        reference = ("job-1", "job-2", None)[step.z % 3]
        amount: int | None = self._amount(wallet, step)
        currency: int | None = self._currency(step)
        if step.z == 11:
            currency, amount = (None, amount) if step.x % 2 else (currency, None)
        return Debit(wallet.wallet_id, currency, amount, reference=reference)

    def _sku(self, step: "Step") -> tuple[str, int]:
        skus = (*self.terms.skus, "no-such-sku")
        quantity = (1, 1, 2, 3, 10, 10_000, 0, 10_001)[step.x % 8]
        return skus[step.y % len(skus)], quantity

    def _debit_of_a_sku(self, wallet: Wallet, step: "Step", _: Instant) -> Command:
        sku, quantity = self._sku(step)
        return Debit(wallet.wallet_id, sku=sku, quantity=quantity)

    def _authorize(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        ttl_s = (60, 3_600, 86_400, 604_800, 259_200, 604_801, 1)[step.z % 7]
        expiries = [lot.terms.expires_at for lot in wallet.lots if lot.terms.expires_at]
        if step.z > 6 and expiries:
            # Until the very instant at which a lot expires, where whole seconds lead there.
            until = expiries[step.z % len(expiries)] - now
            ttl_s = until // SECOND_US if 0 < until <= 7 * DAY_US else ttl_s
        if step.x > 57:
            sku, quantity = self._sku(step)
            return AuthorizeHold(wallet.wallet_id, sku=sku, quantity=quantity)
        hold_id = f"h{step.x % 12}" if step.y % 3 == 0 else None
        return AuthorizeHold(
            wallet.wallet_id,
            self._currency(step),
            self._amount(wallet, step),
            hold_id=hold_id,
            expires_in_s=ttl_s,
        )

    def _hold_id(self, wallet: Wallet, step: "Step") -> str:
        if wallet.holds and step.y < 8:
            return wallet.holds[-1 - step.z % len(wallet.holds)].hold_id
        return _one_of(self.holds[wallet.wallet_id], step.z, "h-none")

    def _capture(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        if not wallet.holds and step.y < 8:
            return self._authorize(wallet, step, now)
        hold_id = self._hold_id(wallet, step)
        hold = wallet.hold(hold_id)
        held = 100 if hold is None else hold.amount_minor
        amounts = (
            None,
            1,
            held // 2 + 1,
            held // 3 + 1,
            held - 1,
            held // 7 + 1,
            held,
            held + 1,
            0,
        )
        return CaptureHold(wallet.wallet_id, hold_id, amounts[step.x % len(amounts)])

    def _void(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        if not wallet.holds and step.y < 8:
            return self._authorize(wallet, step, now)
        return VoidHold(wallet.wallet_id, self._hold_id(wallet, step))

    def _extend(self, wallet: Wallet, step: "Step", _: Instant) -> Command:
        ttl_s = (1, 60, 86_400, 259_200, 604_800, 604_801, 0)[step.x % 7]
        return ExtendHold(wallet.wallet_id, self._hold_id(wallet, step), ttl_s)

    def _refund(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        if not self.charges[wallet.wallet_id]:
            return self._debit(wallet, step, now)
        charge_id = _one_of(self.charges[wallet.wallet_id], step.z, "ch-1-999999")
        amounts = (None, 1, 7, 50, 333, 1_000, 10**6, 0, -3)
        return RefundCharge(
            wallet.wallet_id, charge_id, _REASONS[step.y % 2], amounts[step.x % len(amounts)]
        )

    def _grant(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        holds = [hold.expires_at for hold in wallet.holds] or [now + SECOND_US]
        expiries = (
            None,
            None,
            None,
            now + HOUR_US,
            now + HOUR_US,
            now + 2 * DAY_US,
            holds[step.x % len(holds)],
            holds[0],
            now - step.x % 2,
            now + SECOND_US,
            INSTANT_MAX,
            INSTANT_MAX + 1,
        )
        source: Literal["promotional", "compensation"]
        source = "promotional" if step.x % 2 else "compensation"
        currency = KUAIBI if step.y > 8 else INSPIRATION
        amounts = (*_SMALL_AMOUNTS, *_SMALL_AMOUNTS, *_SMALL_AMOUNTS, 10_000, 0, 10**15 + 1)
        amount = amounts[step.x % len(amounts)]
        return Grant(
            wallet.wallet_id, currency, amount, source, _REASONS[step.y % 2], expiries[step.z]
        )

    def _daily_grant(self, wallet: Wallet, _: "Step", __: Instant) -> Command:
        return ClaimDailyGrant(wallet.wallet_id)

    def _open_recharge(self, wallet: Wallet, step: "Step", _: Instant) -> Command:
        prices = (100, 100, 100, 200, 300, 700, 1_000, 1_100, 5_000_000, 5_000_100, 0, 150)
        price = prices[step.x % 12]
        currency = KUAIBI if step.y % 3 == 0 else INSPIRATION
        channel = ("sandbox", "sandbox", "apple")[step.z % 3]
        return OpenRecharge(wallet.wallet_id, currency, price, channel)

    def _open_membership(self, wallet: Wallet, step: "Step", _: Instant) -> Command:
        plans = (*self.terms.plans, "mini", "mini", "mini")
        periods = ("month", "quarter", "quarter", "half_year", "year")
        plan, period = plans[step.x % len(plans)], periods[step.y % len(periods)]
        return OpenMembership(wallet.wallet_id, plan, period, "sandbox")

    def _settle(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        if not wallet.orders and step.y < 6:
            return self._open_recharge(wallet, step, now)
        pending = [(order.order_id, order.price_fen) for order in wallet.orders]
        known = self.orders[wallet.wallet_id]
        if pending and step.y < 9:
            order_id, price = pending[-1 - step.z % len(pending)]
        elif known:
            order_id, price = known[-1 - step.z % len(known)]
        else:
            order_id, price = "no-such-order", 100
        amount = {0: price + 1, 1: price - 1}.get(step.x, price)
        return SettlePayment(wallet.wallet_id, order_id, f"pay-{step.x}", amount)

    def _something_unknown(self, wallet: Wallet, step: "Step", _: Instant) -> Command:
        strangers: tuple[Command, ...] = (
            OpenRecharge(wallet.wallet_id, INSPIRATION, (100, 150)[step.x % 2], "no-such-channel"),
            OpenMembership(wallet.wallet_id, "wood", "month", "sandbox"),
            OpenMembership(wallet.wallet_id, "gold", "decade", "sandbox"),
            OpenMembership(wallet.wallet_id, "gold", "month", "no-such-channel"),
            SettlePayment(wallet.wallet_id, "no-such-order", "pay", 100),
            CaptureHold(wallet.wallet_id, "no-such-hold", (None, 0)[step.x % 2]),
            ExtendHold(wallet.wallet_id, "no-such-hold", (60, 0)[step.x % 2]),
            RefundCharge(wallet.wallet_id, "no-such-charge", "?", (None, 0)[step.x % 2]),
        )
        return strangers[step.z % len(strangers)]


def _one_of(known: Sequence[str], which: int, otherwise: str) -> str:
    return known[-1 - which % len(known)] if known else otherwise
