"""Limits on spending: a wallet's own or the house's, a Shanghai day and a single charge."""

from ledger.core.instants import Instant, shanghai_day
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Terms
from ledger.core.wallet import DayUse, SpendLimit, Wallet


def over_limit(
    wallet: Wallet, terms: Terms, currency: int, amount_minor: int, at: Instant
) -> Rejection | None:
    """The refusal of spending beyond a limit; what open holds have set aside counts as spent."""
    limits, house = wallet.limits, terms.policy.spend_day_minor
    if not limits and not house:
        return None
    limit = next((one for one in limits if one.currency == currency), None)
    if limit is None:
        limit = SpendLimit(currency, house.get(currency))
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


def use_of(wallet: Wallet, currency: int, at: Instant) -> DayUse:
    """What was charged and converted of a currency on the Shanghai day of `at`."""
    day = shanghai_day(at)
    for use in wallet.used:
        if use.currency == currency and use.day == day:
            return use
    return DayUse(currency, day, 0, 0)


def used_after(
    wallet: Wallet, currency: int, at: Instant, *, charged: int = 0, converted: int = 0
) -> tuple[DayUse, ...]:
    """The wallet's use of the day once so much more was charged or converted."""
    use = use_of(wallet, currency, at)
    now = DayUse(currency, use.day, use.charged_minor + charged, use.converted_minor + converted)
    others = [one for one in wallet.used if one.currency != currency]
    return (*others, now)
