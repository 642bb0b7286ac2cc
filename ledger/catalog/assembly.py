"""Assembly: the versions in force at one instant as terms, each part checked against the others."""

from collections.abc import Collection
from itertools import pairwise

from msgspec import Struct

from ledger.catalog.entries import (
    Plans,
    Policies,
    Prices,
    PromotionEntry,
    Promotions,
    Recharge,
)
from ledger.core.chart import ACCOUNTS
from ledger.core.instants import to_instant
from ledger.core.money import AmountError, parse_amount
from ledger.core.terms import Channel, Currency, Plan, Policy, Promotion, Sku, Terms

_WHOLE_BP = 10_000


class CatalogueError(ValueError):
    """The catalogue contradicts itself; the message names the file and the entry."""


class Versions(Struct, frozen=True):
    """The versions that are in force together."""

    prices: Prices
    plans: Plans
    recharge: Recharge
    promotions: Promotions
    policy: Policies


def terms_of(
    currencies: dict[str, Currency], versions: Versions, without: Collection[str]
) -> Terms:
    """The terms of versions, `without` channels that do not run here. Raises CatalogueError."""
    prices, plans, recharge = versions.prices, versions.plans, versions.recharge
    for account in (plans.liability, *(channel.funds for channel in recharge.channel)):
        check_account("plans.toml / recharge.toml", account)
    return Terms(
        version=prices.version,
        currencies=currencies,
        skus={
            sku.sku: Sku(
                sku.sku, _number(currencies, sku.currency), _amount(sku.price), sku.attributes
            )
            for sku in prices.sku
        },
        plans=_plans(plans),
        periods=plans.periods,
        channels={
            channel.channel: Channel(
                channel.channel,
                channel.funds,
                _amount(channel.points_per_yuan),
                channel.order_ttl_s,
            )
            for channel in recharge.channel
            if channel.channel not in without
        },
        membership_currency=_number(currencies, plans.currency),
        membership_liability=plans.liability,
        daily_currency=_number(currencies, recharge.daily_currency),
        daily_minor=_amount(recharge.daily_points),
        recharge_min_fen=_amount(recharge.recharge_min_cny),
        recharge_max_fen=_amount(recharge.recharge_max_cny),
        vat_bp=recharge.vat_bp,
        promotions={
            promotion.promotion: _promotion(promotion, plans)
            for promotion in versions.promotions.promotion
        },
        policy=_policy(currencies, versions.policy),
    )


def _plans(plans: Plans) -> dict[str, Plan]:
    ranked = [
        Plan(
            plan.plan,
            plan.name,
            _amount(plan.month_price_cny),
            _amount(plan.month_points),
            plan.entitlements,
            rank,
        )
        for rank, plan in enumerate(plans.plan, 1)
    ]
    for lower, higher in pairwise(ranked):
        if lower.month_minor >= higher.month_minor:
            raise CatalogueError(
                f"plans.toml: {higher.plan} stands after {lower.plan}, so it must have more points"
            )
    return {plan.plan: plan for plan in ranked}


def _promotion(entry: PromotionEntry, plans: Plans) -> Promotion:
    where = f"promotions.toml: {entry.promotion}"
    since, until = to_instant(entry.since), to_instant(entry.until)
    if since >= until or entry.per_wallet_max < 1 or not 1 <= entry.factor_bp <= _WHOLE_BP:
        raise CatalogueError(f"{where} has an empty window, no uses, or a factor out of range")
    known = {plan.plan for plan in plans.plan}
    for price in entry.price:
        if price.plan not in known or price.period not in plans.periods:
            raise CatalogueError(f"{where} prices {price.plan} {price.period}, which is no plan")
    return Promotion(
        entry.promotion,
        entry.name,
        entry.factor_bp,
        since,
        until,
        entry.per_wallet_max,
        entry.stackable,
        {(price.plan, price.period): _amount(price.price_cny) for price in entry.price},
    )


def _policy(currencies: dict[str, Currency], policy: Policies) -> Policy:
    if not 0 <= policy.creator_share_bp <= _WHOLE_BP:
        raise CatalogueError(f"policy.toml: a share of {policy.creator_share_bp} is out of range")
    directions = [
        (
            _number(currencies, conversion.source),
            _number(currencies, conversion.target),
            conversion.day_points,
        )
        for conversion in policy.conversion
    ]
    if any(source == target for source, target, _ in directions):
        raise CatalogueError("policy.toml: a currency is converted to itself")
    return Policy(
        conversions=frozenset((source, target) for source, target, _ in directions),
        conversion_day_minor={
            source: _amount(points) for source, _, points in directions if points is not None
        },
        transfer_currencies=frozenset(
            _number(currencies, code) for code in policy.transfer_currencies
        ),
        creator_share_bp=policy.creator_share_bp,
        spend_day_minor={
            _number(currencies, code): _amount(points) for code, points in policy.spend_day.items()
        },
        claims_block_spending=policy.claims_block_spending,
    )


def _number(currencies: dict[str, Currency], code: str) -> int:
    if code not in currencies:
        raise CatalogueError(f"currency {code} is not in currencies.toml")
    return currencies[code].number


def _amount(text: str) -> int:
    try:
        minor = parse_amount(text)
    except AmountError as error:
        raise CatalogueError(f"{text}: {error}") from error
    if minor < 1:
        raise CatalogueError(f"an amount in the catalogue must be positive, not {text}")
    return minor


def check_account(name: str, number: int) -> None:
    """Raise CatalogueError for an account that is not in the chart."""
    if number not in ACCOUNTS:
        raise CatalogueError(f"{name}: there is no account {number} in the chart")
