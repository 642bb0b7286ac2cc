"""Limits: on spending a Shanghai day and in a single charge, by what there is, and on open lots."""

from ledger.core.instants import INSTANT_MAX, Instant, shanghai_day
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Policy, Stamp, Terms
from ledger.core.wallet import DayUse, SpendLimit, Wallet


def over_limit(
    wallet: Wallet, terms: Terms, currency: int, amount_minor: int, at: Instant
) -> Rejection | None:
    """The refusal of spending beyond a limit; what open holds have set aside counts as spent."""
    if not wallet.limits and not terms.policy.spend_day_minor:
        return None
    limit = limit_on(wallet, terms.policy, currency)
    most_minor = limit.single_minor
    if most_minor is not None and amount_minor > most_minor:
        return rejected(
            Reason.LIMIT_EXCEEDED,
            limit="a single charge",
            currency=currency,
            amount_minor=amount_minor,
            most_minor=most_minor,
        )
    most_minor = limit.day_minor
    spent_minor = use_of(wallet, currency, at).charged_minor + wallet.held_minor(currency)
    if most_minor is not None and spent_minor + amount_minor > most_minor:
        return rejected(
            Reason.LIMIT_EXCEEDED,
            limit="spending a day",
            currency=currency,
            amount_minor=amount_minor,
            spent_minor=spent_minor,
            most_minor=most_minor,
        )
    return None


def limit_on(wallet: Wallet, policy: Policy, currency: int) -> SpendLimit:
    """What limits spending of a currency: the wallet's own limit, or else the house's."""
    for limit in wallet.limits:
        if limit.currency == currency:
            return limit
    return SpendLimit(currency, policy.spend_day_minor.get(currency))


def use_of(wallet: Wallet, currency: int, at: Instant) -> DayUse:
    """What was charged and converted of a currency on the Shanghai day of `at`."""
    return _use_of(wallet.used, currency, shanghai_day(at))


def _use_of(used: tuple[DayUse, ...], currency: int, day: int) -> DayUse:
    for use in used:
        if use.currency == currency and use.day == day:
            return use
    return DayUse(currency, day, 0, 0)


def used_after(
    wallet: Wallet, currency: int, at: Instant, *, charged: int = 0, converted: int = 0
) -> tuple[DayUse, ...]:
    """The wallet's use of the day once so much more was charged or converted."""
    used = wallet.used
    use = _use_of(used, currency, shanghai_day(at))
    now = DayUse(currency, use.day, use.charged_minor + charged, use.converted_minor + converted)
    if not used or (len(used) == 1 and used[0].currency == currency):
        return (now,)
    return (*[other for other in used if other.currency != currency], now)


def insufficient_funds(
    wallet: Wallet, currency: int, amount_minor: int, *, paid_only: bool = False
) -> Rejection:
    """The refusal for too little available value; `paid_only` counts paid lots alone."""
    available = wallet.paid_minor if paid_only else wallet.available_minor
    counted = {"counted": "paid value"} if paid_only else {}
    return rejected(
        Reason.INSUFFICIENT_FUNDS,
        currency=currency,
        amount_minor=amount_minor,
        available_minor=available(currency),
        **counted,
    )


def not_grantable(
    wallet: Wallet, expires_at: Instant | None, terms: Terms, stamp: Stamp
) -> Rejection | None:
    """Why no lot with this expiry can be granted: it is not ahead, or there are too many lots."""
    if expires_at is not None and not stamp.at < expires_at <= INSTANT_MAX:
        return rejected(Reason.EXPIRY_OUT_OF_RANGE, expires_at=expires_at, now=stamp.at)
    return too_many_lots(wallet, terms)


def too_many_lots(wallet: Wallet, terms: Terms, more: int = 1) -> Rejection | None:
    """Why so many more lots cannot be had; each pending order has reserved one."""
    if len(wallet.lots) + len(wallet.orders) + more <= terms.lots_max:
        return None
    return rejected(Reason.LIMIT_EXCEEDED, limit="open lots", most=terms.lots_max)
