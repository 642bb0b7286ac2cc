"""What a story's step means where the story stands: a command of real ids and telling amounts."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from ledger.core.decider import Command
from ledger.core.flows.daily_grant import TakeDailyGrant
from ledger.core.flows.debit import Debit
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import AuthorizeHold, CaptureHold, ExtendHold, VoidHold
from ledger.core.flows.order import OpenMembership, OpenRecharge, SettlePayment
from ledger.core.flows.refund import RefundCharge
from ledger.core.instants import DAY_US, HOUR_US, INSTANT_MAX, SECOND_US, Instant
from ledger.core.wallet import Wallet
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.stories.imagined_adjustments import ImaginedAdjustments
from tests.kit.stories.memory import SMALL_AMOUNTS, one_of

if TYPE_CHECKING:
    from tests.kit.stories.stories import Step

_Maker = Callable[[Wallet, "Step", Instant], Command]

_REASONS = ("job failed", "we are sorry")

MOODS = ("any", "spending", "paying", "owing", "member", "giving")
"""What a story is mostly about.

In a `spending` mood wallets soon hold little but paid value, and spend and return it in small
parts: that is where shares of cost and VAT are hardest. In a `paying` mood payments are given back
and taken back, in an `owing` one after they were spent; a `member` goes up and down the plans;
`giving` is of tips and conversions.
"""


class Imagination(ImaginedAdjustments):
    """Remembers the ids a story has seen, and makes commands that name them."""

    def command(self, step: "Step", wallet: Wallet, now: Instant) -> Command:
        """The command that a step means, given the wallet as it is now."""
        makers = self._urges(step, wallet) or self._makers
        return makers[step.kind % len(makers)](wallet, step, now)

    def _urges(self, step: "Step", wallet: Wallet) -> list[_Maker]:
        """What a mood does sooner than anything else: it leads to where the rules are hard."""
        mood, often = self.mood, step.z > 5
        if wallet.frozen and step.z > 8:
            return [self._freeze]
        eager = mood == "spending" or (mood == "owing" and step.z > 2)
        if wallet.orders and (eager or (mood != "any" and often)):
            return [self._settle]
        if any(refund.reopened for refund in wallet.refunds) and step.z in {6, 7}:
            return [self._fail_refund, self._open_recharge]
        if any(lot.terms.graced for lot in wallet.lots) and step.z in {2, 3}:
            return [self._convert]
        if wallet.adjusted_fen and step.z == 4 and mood in {"paying", "owing", "member"}:
            return [self._reverse_what_was_taken_away]
        if self.parked[wallet.wallet_id] and step.z == 5:
            return [self._restore_what_was_taken_away]
        if mood == "spending" and not wallet.lots and step.z > 3:
            return [self._open_membership if step.z > 8 else self._open_recharge]
        upgraded = wallet.membership is not None and wallet.membership.upgrades
        if mood == "member" and upgraded and step.z == 2:
            return [self._close, self._refund_order]
        if mood == "giving" and step.z < 3:
            return [self._pay_out] if wallet.payable_fen else [self._receive]
        return self._urges_of_a_debtor(step, wallet) if mood in {"paying", "owing"} else []

    def _urges_of_a_debtor(self, step: "Step", wallet: Wallet) -> list[_Maker]:
        owing, often = self.mood == "owing", step.z > 5
        if owing and step.z in {9, 11} and wallet.claims and wallet.lots:
            return [self._void] if wallet.holds else [self._authorize]
        if wallet.claims and often:
            back = [self._void, self._capture, self._refund, self._refund, self._fail_refund]
            return [*back, self._open_recharge, self._open_recharge, self._close]
        if not owing:
            return [self._authorize] if step.z > 8 and not wallet.holds else []
        if step.z == 1:
            return [self._refund_order, self._refund_order, self._fail_refund, self._restore]
        if step.z > 2 and not wallet.lots and not wallet.holds:
            return [self._open_recharge]
        return [self._debit, self._authorize, self._reverse, self._reverse] if often else []

    @cached_property
    def _makers(self) -> list[_Maker]:
        column = MOODS.index(self.mood)
        return [maker for *weights, maker in self._weighed() for _ in range(weights[column])]

    def _weighed(self) -> tuple[tuple[int, int, int, int, int, int, _Maker], ...]:
        return (
            (8, 16, 5, 10, 3, 4, self._debit),
            (2, 0, 0, 0, 0, 0, self._debit_of_a_sku),
            (10, 16, 5, 8, 2, 3, self._authorize),
            (10, 14, 4, 4, 1, 2, self._capture),
            (6, 6, 5, 5, 1, 2, self._void),
            (5, 2, 1, 0, 0, 1, self._extend),
            (7, 16, 8, 14, 2, 3, self._refund),
            (5, 0, 1, 0, 0, 4, self._grant),
            (4, 0, 0, 0, 0, 0, self._daily_grant),
            (6, 4, 12, 14, 2, 12, self._open_recharge),
            (7, 4, 5, 3, 24, 2, self._open_membership),
            (12, 4, 14, 14, 20, 10, self._settle),
            (2, 0, 1, 1, 1, 0, self._something_unknown),
            (5, 1, 2, 0, 2, 1, self._close_order),
            (5, 3, 12, 12, 10, 4, self._refund_order),
            (3, 2, 7, 3, 5, 2, self._confirm_refund),
            (3, 2, 7, 10, 7, 2, self._fail_refund),
            (4, 3, 14, 20, 5, 3, self._reverse),
            (3, 1, 8, 10, 3, 2, self._restore),
            (1, 0, 0, 0, 2, 0, self._cancel),
            (4, 2, 3, 3, 1, 14, self._convert),
            (4, 2, 3, 0, 1, 14, self._send),
            (3, 1, 1, 0, 0, 10, self._receive),
            (2, 1, 1, 0, 0, 8, self._complete),
            (2, 0, 0, 0, 0, 6, self._pay_out),
            (2, 0, 1, 0, 1, 2, self._freeze),
            (3, 1, 1, 0, 0, 4, self._set_limit),
            (1, 0, 1, 1, 2, 1, self._close),
            (2, 0, 2, 15, 1, 1, self._import),
            (4, 4, 6, 2, 2, 2, self._adjust),
        )

    def _debit(self, wallet: Wallet, step: "Step", _: Instant) -> Command:
        reference = ("job-1", "job-2", None)[step.z % 3]
        amount: int | None = self.amount(wallet, step)
        currency: int | None = self.currency(wallet, step)
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
            self.currency(wallet, step),
            self.amount(wallet, step),
            hold_id=hold_id,
            expires_in_s=ttl_s,
        )

    def _hold_id(self, wallet: Wallet, step: "Step") -> str:
        if wallet.holds and step.y < 8:
            return wallet.holds[-1 - step.z % len(wallet.holds)].hold_id
        return one_of(self.holds[wallet.wallet_id], step.z, "h-none")

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

    def _extend(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        if not wallet.holds and step.y < 8:
            return self._authorize(wallet, step, now)
        ttl_s = (1, 60, 86_400, 259_200, 604_800, 604_801, 0)[step.x % 7]
        return ExtendHold(wallet.wallet_id, self._hold_id(wallet, step), ttl_s)

    def _refund(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        if not self.charges[wallet.wallet_id]:
            return self._debit(wallet, step, now)
        charge_id = one_of(self.charges[wallet.wallet_id], step.z, "ch-1-999999")
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
        kuaibi = step.y > 2 if self.mood == "giving" else step.y > 8
        currency = KUAIBI if kuaibi else INSPIRATION
        amounts = (*SMALL_AMOUNTS, *SMALL_AMOUNTS, *SMALL_AMOUNTS, 10_000, 0, 10**15 + 1)
        amount = amounts[step.x % len(amounts)]
        return Grant(
            wallet.wallet_id, currency, amount, source, _REASONS[step.y % 2], expiries[step.z]
        )

    def _daily_grant(self, wallet: Wallet, _: "Step", __: Instant) -> Command:
        return TakeDailyGrant(wallet.wallet_id)

    def _something_unknown(self, wallet: Wallet, step: "Step", _: Instant) -> Command:
        strangers: tuple[Command, ...] = (
            OpenRecharge(wallet.wallet_id, INSPIRATION, (100, 150)[step.x % 2], "no-such-channel"),
            OpenMembership(wallet.wallet_id, "wood", "month", "sandbox"),
            OpenMembership(wallet.wallet_id, "gold", "decade", "sandbox"),
            OpenMembership(wallet.wallet_id, "black", "month", "no-such-channel"),
            OpenMembership(wallet.wallet_id, "gold", "month", "sandbox", "no-such-promotion"),
            SettlePayment(wallet.wallet_id, "no-such-order", "pay", 100),
            CaptureHold(wallet.wallet_id, "no-such-hold", (None, 0)[step.x % 2]),
            ExtendHold(wallet.wallet_id, "no-such-hold", (60, 0)[step.x % 2]),
            RefundCharge(wallet.wallet_id, "no-such-charge", "?", (None, 0)[step.x % 2]),
        )
        return strangers[step.z % len(strangers)]
