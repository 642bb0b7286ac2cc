"""The wallet: everything one user holds, as the fold of its events."""

from typing import Literal

from msgspec import Struct

from ledger.core.chart import Source
from ledger.core.instants import Instant
from ledger.core.purchases import Claim, Membership, MembershipTerm, Order, Repayment


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


class Absorption(Struct, frozen=True):
    """Returning value that reduced its order's claim instead: the take, and the revenue earned."""

    take: Take
    revenue: int


RefundStatus = Literal["requested", "confirmed", "failed"]


class OrderRefund(Struct, frozen=True, omit_defaults=True, tag="refund"):
    """Money on its way back to the payer; `refund_id` is our constant number at the channel.

    `takes` are set aside, `term` is what was taken out of the membership (`upgrade` if it was
    one), `reopened` are claims that the order had repaid. With a `payment_id` it returns a
    payment that bought nothing, and nothing is set aside.
    """

    refund_id: str
    order_id: str
    amount_fen: int
    channel: str
    funds: int
    requested_at: Instant
    takes: tuple[Take, ...] = ()
    term: MembershipTerm | None = None
    upgrade: bool = False
    reopened: tuple[Repayment, ...] = ()
    payment_id: str | None = None
    status: RefundStatus = "requested"
    resolved_at: Instant | None = None


TransferStatus = Literal["in_transit", "done"]


class Transfer(Struct, frozen=True, omit_defaults=True, tag="transfer"):
    """A tip on its way to another wallet; `share_fen` becomes payable to its owner."""

    transfer_id: str
    from_wallet_id: str
    to_wallet_id: str
    currency: int
    amount_minor: int
    share_fen: int
    sent_at: Instant
    reference: str | None = None
    status: TransferStatus = "in_transit"


Document = ClosedHold | Charge | Order | OrderRefund | Transfer


class DailyTaken(Struct, frozen=True):
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


class SpendLimit(Struct, frozen=True, omit_defaults=True):
    """Caps on spending one currency: a Shanghai day, and a single charge; None is no cap."""

    currency: int
    day_minor: int | None = None
    single_minor: int | None = None


class DayUse(Struct, frozen=True, array_like=True):
    """What was charged, or converted, of a currency on the last day of either; in minor units."""

    currency: int
    day: int
    charged_minor: int
    converted_minor: int


class Wallet(Struct, frozen=True, omit_defaults=True):
    """One user's wallet, all currencies. `lots` stand in spending order.

    `refunds` and `transfers` are those still under way; `promotions` counts paid uses by name.
    `adjusted_fen` is what paid value that adjustments took away had cost, by order: it rests in
    suspense.
    """

    wallet_id: str
    lots: tuple[Lot, ...] = ()
    holds: tuple[Hold, ...] = ()
    orders: tuple[Order, ...] = ()
    membership: Membership | None = None
    daily: DailyTaken | None = None
    graces: tuple[Grace, ...] = ()
    refunds: tuple[OrderRefund, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    claims: tuple[Claim, ...] = ()
    promotions: dict[str, int] = {}
    limits: tuple[SpendLimit, ...] = ()
    used: tuple[DayUse, ...] = ()
    payable_fen: int = 0
    adjusted_fen: dict[str, int] = {}
    frozen: bool = False
    closed_at: Instant | None = None

    def hold(self, hold_id: str) -> Hold | None:
        """The open hold of this id, if any."""
        return next((hold for hold in self.holds if hold.hold_id == hold_id), None)

    def order(self, order_id: str) -> Order | None:
        """The pending order of this id, if any."""
        return next((order for order in self.orders if order.order_id == order_id), None)

    def refund(self, refund_id: str) -> OrderRefund | None:
        """The refund under way of this id, if any."""
        return next((refund for refund in self.refunds if refund.refund_id == refund_id), None)

    def transfer(self, transfer_id: str) -> Transfer | None:
        """The transfer in transit of this id, if any."""
        return next(
            (transfer for transfer in self.transfers if transfer.transfer_id == transfer_id), None
        )

    def claim(self, order_id: str | None) -> Claim | None:
        """The open claim on this order, if any."""
        return next((claim for claim in self.claims if claim.order_id == order_id), None)

    def claim_fen(self) -> int:
        """What the user owes, over all claims, in fen."""
        return sum(claim.open_fen for claim in self.claims)

    def unsent_since(self) -> Instant | None:
        """Since when something waits to be sent on: a transfer, or a refund at its channel."""
        waiting = [transfer.sent_at for transfer in self.transfers]
        waiting += [refund.requested_at for refund in self.refunds]
        return min(waiting, default=None)

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

    def paid_minor(self, currency: int) -> int:
        """What of it was paid for, and may be converted or given away."""
        return sum(
            lot.available_minor
            for lot in self.lots
            if lot.terms.paid and lot.terms.currency == currency
        )

    def held_minor(self, currency: int) -> int:
        """What open holds have set aside, in minor units."""
        return sum(hold.amount_minor for hold in self.holds if hold.currency == currency)
