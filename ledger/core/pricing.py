"""What a command costs: an amount as named, or a SKU at its price of the moment."""

from msgspec.structs import replace

from ledger.core.instants import Instant
from ledger.core.money import share_up_to, whole_yuan_down
from ledger.core.purchases import Order, RechargeGoods
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Promotion, Terms
from ledger.core.wallet import Quote, Wallet

_WHOLE_BP = 10_000


def price_sku(terms: Terms, sku: str, quantity: int) -> tuple[int, int, Quote] | Rejection:
    """(currency, amount in minor units, quote) of `quantity` items or seconds of a SKU."""
    entry = terms.skus.get(sku)
    if entry is None:
        return rejected(Reason.UNKNOWN_SKU, sku=sku)
    if not 1 <= quantity <= terms.quantity_max:
        return rejected(Reason.AMOUNT_OUT_OF_RANGE, quantity=quantity, most=terms.quantity_max)
    return entry.currency, entry.price_minor * quantity, Quote(sku, quantity, terms.version)


def priced(
    terms: Terms, currency: int | None, amount_minor: int | None, sku: str | None, quantity: int
) -> tuple[int, int, Quote | None] | Rejection:
    """The price of a command that names either a currency and an amount, or a SKU."""
    if sku is not None:
        price = price_sku(terms, sku, quantity)
        if isinstance(price, Rejection):
            return price
        currency, amount_minor, quote = price
    else:
        quote = None
    if currency is None or amount_minor is None or not in_range(terms, amount_minor):
        return rejected(
            Reason.AMOUNT_OUT_OF_RANGE,
            amount_minor=amount_minor or 0,
            most_minor=terms.amount_minor_max,
        )
    return currency, amount_minor, quote


def out_of_range(terms: Terms, amount_minor: int) -> Rejection | None:
    """The refusal of an amount that a caller may not name."""
    if in_range(terms, amount_minor):
        return None
    return rejected(
        Reason.AMOUNT_OUT_OF_RANGE,
        amount_minor=amount_minor,
        most_minor=terms.amount_minor_max,
    )


def in_range(terms: Terms, amount_minor: int) -> bool:
    """Whether an amount is positive and not beyond what a caller may name."""
    return 1 <= amount_minor <= terms.amount_minor_max


def promotion_for(wallet: Wallet, terms: Terms, name: str, at: Instant) -> Promotion | Rejection:
    """The promotion of a name if it may be used now; pending orders count as uses."""
    promotion = terms.promotions.get(name)
    if promotion is None:
        return rejected(Reason.UNKNOWN_PROMOTION, promotion=name)
    pending = sum(
        not isinstance(order.goods, RechargeGoods) and order.goods.promotion == name
        for order in wallet.orders
    )
    uses = wallet.promotions.get(name, 0) + pending
    if not promotion.since <= at < promotion.until or uses >= promotion.per_wallet_max:
        return rejected(
            Reason.PROMOTION_NOT_APPLICABLE,
            promotion=name,
            since=promotion.since,
            until=promotion.until,
            uses=uses,
            most=promotion.per_wallet_max,
        )
    return promotion


def promoted_fen(promotion: Promotion, list_fen: int, plan: str, period: str) -> int:
    """The price under a promotion: the explicit one, or the factor's, down to whole yuan."""
    explicit_fen = promotion.prices_fen.get((plan, period))
    return discounted_fen(promotion, list_fen) if explicit_fen is None else explicit_fen


def discounted_fen(promotion: Promotion, list_fen: int) -> int:
    """A price by the promotion's factor, down to whole yuan."""
    return whole_yuan_down(share_up_to(list_fen, promotion.factor_bp, _WHOLE_BP))


def with_promotion_counted(wallet: Wallet, order: Order) -> Wallet:
    """The wallet once it has used the promotion that an order was opened under, if any."""
    goods = order.goods
    name = None if isinstance(goods, RechargeGoods) else goods.promotion
    if name is None:
        return wallet
    return replace(
        wallet, promotions=wallet.promotions | {name: wallet.promotions.get(name, 0) + 1}
    )
