"""Purchases: orders and what they buy, memberships under way, and claims of taken-back payments."""

from typing import Literal

from msgspec import Struct

from ledger.core.instants import Instant


class RechargeGoods(Struct, frozen=True, tag="recharge"):
    """What a recharge order buys."""

    currency: int
    amount_minor: int
    liability: int


class MembershipGoods(Struct, frozen=True, omit_defaults=True, tag="membership"):
    """What a membership order buys: `months` grants of `month_minor` points each.

    `rank` orders the tiers, `month_list_fen` is the list price of a month, whatever was paid.
    """

    plan: str
    period: str
    months: int
    currency: int
    month_minor: int
    liability: int
    rank: int = 0
    month_list_fen: int = 0
    entitlements: tuple[str, ...] = ()
    promotion: str | None = None


class UpgradeGoods(Struct, frozen=True, omit_defaults=True, tag="upgrade"):
    """What an upgrade buys: the difference to a higher plan for `months` grants, this one first.

    `month_minor` and `month_list_fen` are differences. `anchor` and `month` say which membership,
    and which of its months, the price was made for.
    """

    plan: str
    from_plan: str
    period: str
    months: int
    currency: int
    month_minor: int
    liability: int
    rank: int
    month_list_fen: int
    entitlements: tuple[str, ...]
    anchor: Instant
    month: int
    promotion: str | None = None


Goods = RechargeGoods | MembershipGoods | UpgradeGoods

OrderStatus = Literal["pending", "paid", "partly_refunded", "refunded", "closed"]


class Repayment(Struct, frozen=True):
    """What a recharge paid of a claim: of which order's, how much, and the revenue restored."""

    order_id: str
    amount_fen: int
    vat_fen: int
    revenue: int


class Order(Struct, frozen=True, omit_defaults=True, tag="order"):
    """A request to pay at a channel; `funds` is the channel's clearing account number.

    Of the price, `refunding_fen` is on its way back, `refunded_fen` was given back at our request,
    `reversed_fen` was taken back by the channel, `reversed_adjusted_fen` of it out of what
    adjustments had taken away; `repaid` went to claims instead of points.
    """

    order_id: str
    goods: Goods
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
    refunding_fen: int = 0
    refunded_fen: int = 0
    reversed_fen: int = 0
    reversed_adjusted_fen: int = 0
    repaid: tuple[Repayment, ...] = ()

    @property
    def outstanding_fen(self) -> int:
        """What was paid and is neither given back, nor on its way back, nor taken back."""
        paid_fen = 0 if self.paid_at is None else self.price_fen
        return paid_fen - self.refunding_fen - self.refunded_fen - self.reversed_fen


"""Closed things, and orders, that a later command or a read may name by id."""


class MembershipTerm(Struct, frozen=True, omit_defaults=True):
    """One paid order's share of a membership: its months, and the price spread over them.

    Its lots are numbered after `series`, the order or the failed refund that brought it back, from
    `offset` on.
    """

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
    offset: int = 0
    period: str = ""
    rank: int = 0
    month_list_fen: int = 0
    entitlements: tuple[str, ...] = ()
    series: str = ""

    @property
    def left(self) -> int:
        """How many months are not granted yet."""
        return self.months - self.granted

    @property
    def ungranted_fen(self) -> int:
        """The part of the price that belongs to months not granted yet."""
        return self.cost_fen - self.cost_granted_fen

    @property
    def ungranted_vat_fen(self) -> int:
        """The VAT inside it."""
        return self.vat_fen - self.vat_granted_fen


class Membership(Struct, frozen=True, omit_defaults=True):
    """A running membership: the term in force first, then those that wait their turn.

    Month k of the whole membership falls due `k` months after `anchor`; `month` counts the
    grants made so far, over all terms. `upgrades` are granted beside the terms, month by month:
    each is the difference to a higher plan.
    """

    anchor: Instant
    terms: tuple[MembershipTerm, ...]
    month: int = 0
    renews: bool = False
    upgrades: tuple[MembershipTerm, ...] = ()


class Claim(Struct, frozen=True):
    """What the user owes of an order whose payment was taken back after its value was spent.

    A memorandum: `open_fen` is gross, with `open_vat_fen` in it; `revenue` is the account that
    was reversed and that a repayment restores.
    """

    order_id: str
    open_fen: int
    open_vat_fen: int
    revenue: int
