"""The wallet: everything one user holds, as the fold of its events."""

from typing import Literal

from msgspec import Struct

from ledger.core.chart import Source
from ledger.core.instants import Instant


class LotTerms(Struct, frozen=True, omit_defaults=True):
    """What a lot was granted with. Takes carry it, so that a return can recreate the lot.

    `cost_fen` is gross, what was paid; `vat_fen` is inside it. `liability` is the account number
    of the contract liability that the lot's net cost rests in. `graced` says that the expiry is
    the one extension paid value gets after a return past its expiry.
    """

    lot_id: str
    currency: int
    source: Source
    amount_minor: int
    granted_at: Instant
    expires_at: Instant | None = None
    paid: bool = False
    cost_fen: int = 0
    vat_fen: int = 0
    vat_bp: int = 0
    liability: int = 0
    order_id: str | None = None
    graced: bool = False


class Lot(Struct, frozen=True, array_like=True):
    """A parcel of one currency; `cost_left_fen` and `vat_left_fen` belong to what is available."""

    terms: LotTerms
    available_minor: int
    held_minor: int
    cost_left_fen: int
    vat_left_fen: int


class Take(Struct, frozen=True, omit_defaults=True):
    """The slice of a lot that a hold or debit uses, with its share of cost and VAT in fen."""

    lot: LotTerms
    amount_minor: int
    cost_fen: int = 0
    vat_fen: int = 0


class Quote(Struct, frozen=True):
    """The price a hold or charge was made at, frozen when it was made."""

    sku: str
    quantity: int
    price_version: str


class Hold(Struct, frozen=True, omit_defaults=True):
    """Value set aside for a job until it is captured, voided or expires."""

    hold_id: str
    currency: int
    amount_minor: int
    takes: tuple[Take, ...]
    authorized_at: Instant
    expires_at: Instant
    reference: str | None = None
    quote: Quote | None = None


HoldStatus = Literal["open", "captured", "voided", "expired"]


class ClosedHold(Struct, frozen=True, omit_defaults=True, tag="hold"):
    """A hold after its end: a document that later commands may still name."""

    hold: Hold
    status: HoldStatus
    closed_at: Instant
    charge_id: str | None = None
    captured_minor: int = 0


class Charge(Struct, frozen=True, omit_defaults=True, tag="charge"):
    """A captured hold or a one-step debit, with what was refunded of it so far."""

    charge_id: str
    currency: int
    amount_minor: int
    takes: tuple[Take, ...]
    charged_at: Instant
    hold_id: str | None = None
    reference: str | None = None
    quote: Quote | None = None
    refunded_minor: int = 0


class RechargeGoods(Struct, frozen=True, tag="recharge"):
    """What a recharge order buys."""

    currency: int
    amount_minor: int
    liability: int


class MembershipGoods(Struct, frozen=True, tag="membership"):
    """What a membership order buys: `months` grants of `month_minor` points each."""

    plan: str
    period: str
    months: int
    currency: int
    month_minor: int
    liability: int


OrderStatus = Literal["pending", "paid", "closed"]


class Order(Struct, frozen=True, omit_defaults=True, tag="order"):
    """A request to pay at a channel; `funds` is the channel's clearing account number."""

    order_id: str
    goods: RechargeGoods | MembershipGoods
    price_fen: int
    vat_fen: int
    vat_bp: int
    channel: str
    funds: int
    opened_at: Instant
    expires_at: Instant
    status: OrderStatus = "pending"
    payment_id: str | None = None
    paid_at: Instant | None = None
    paid_late: bool = False


Document = ClosedHold | Charge | Order
"""Closed things, and orders, that a later command or a read may name by id."""


class MembershipTerm(Struct, frozen=True, omit_defaults=True):
    """One paid order's share of a membership: its months, and the price spread over them."""

    order_id: str
    plan: str
    months: int
    currency: int
    month_minor: int
    cost_fen: int
    vat_fen: int
    vat_bp: int
    liability: int
    granted: int = 0
    cost_granted_fen: int = 0
    vat_granted_fen: int = 0


class Membership(Struct, frozen=True, omit_defaults=True):
    """A running membership: the term in force first, then those that wait their turn.

    Month k of the whole membership falls due `k` months after `anchor`; `month` counts the
    grants made so far, over all terms.
    """

    anchor: Instant
    terms: tuple[MembershipTerm, ...]
    month: int = 0
    renews: bool = False


class DailyClaim(Struct, frozen=True):
    """The last daily grant: `day` is the Asia/Shanghai day number."""

    day: int
    lot_id: str
    currency: int
    amount_minor: int
    expires_at: Instant


class Grace(Struct, frozen=True, array_like=True):
    """A paid lot that already had its one extension after a return past its expiry."""

    lot_id: str
    until: Instant


class Wallet(Struct, frozen=True, omit_defaults=True):
    """One user's wallet, all currencies. `lots` stand in spending order."""

    wallet_id: str
    lots: tuple[Lot, ...] = ()
    holds: tuple[Hold, ...] = ()
    orders: tuple[Order, ...] = ()
    membership: Membership | None = None
    daily: DailyClaim | None = None
    graces: tuple[Grace, ...] = ()

    def hold(self, hold_id: str) -> Hold | None:
        """The open hold of this id, if any."""
        return next((hold for hold in self.holds if hold.hold_id == hold_id), None)

    def order(self, order_id: str) -> Order | None:
        """The pending order of this id, if any."""
        return next((order for order in self.orders if order.order_id == order_id), None)

    def grace_until(self, lot_id: str) -> Instant | None:
        """Until when the one extension of this lot runs or ran; None if it had none."""
        return next((grace.until for grace in self.graces if grace.lot_id == lot_id), None)

    def available_minor(self, currency: int) -> int:
        """What can be spent now, in minor units."""
        total = 0
        for lot in self.lots:
            if lot.terms.currency == currency:
                total += lot.available_minor
        return total

    def held_minor(self, currency: int) -> int:
        """What open holds have set aside, in minor units."""
        return sum(hold.amount_minor for hold in self.holds if hold.currency == currency)
