"""The catalogue: everything that is for sale, at the prices of now."""

from typing import Final

from msgspec import Struct

from ledger.contract.examples import CHANNEL
from ledger.contract.fields import Amount, Moment
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.response import Response
from ledger.contract.shared import Codes, optional_amount
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.pricing import promoted_fen
from ledger.core.terms import Plan, Policy, Promotion, Terms


class CurrencyAnswer(Struct, frozen=True):
    """A virtual currency."""

    currency: str
    name: str


class SkuAnswer(Struct, frozen=True):
    """The price of one item of a generation."""

    sku: str
    currency: str
    price: Amount
    attributes: dict[str, str | int | bool]


class PlanAnswer(Struct, frozen=True):
    """A membership tier; `prices_cny` are list prices by period.

    A plan of a higher `rank` than the one that runs is an upgrade of it.
    """

    plan: str
    name: str
    rank: int
    currency: str
    month_amount: Amount
    prices_cny: dict[str, Amount]
    entitlements: list[str]


class PeriodAnswer(Struct, frozen=True):
    """How long a membership can be bought for."""

    period: str
    months: int


class ChannelAnswer(Struct, frozen=True):
    """A payment channel; an order expires `order_ttl_s` seconds after it was opened."""

    channel: str
    amount_per_yuan: Amount
    order_ttl_s: int


class RechargeTermsAnswer(Struct, frozen=True):
    """The bounds of a recharge, in whole yuan."""

    min_cny: Amount
    max_cny: Amount


class DailyTermsAnswer(Struct, frozen=True):
    """The day's free points."""

    currency: str
    amount: Amount


class PromotionAnswer(Struct, frozen=True):
    """A lower price for memberships: `prices_cny` by plan and period.

    It holds for orders opened from `since` until before `until`, `per_wallet_max` times a wallet;
    on an upgrade, at `factor_bp` ten-thousandths of its price, only if it is `stackable`.
    """

    promotion: str
    name: str
    since: Moment
    until: Moment
    per_wallet_max: int
    stackable: bool
    factor_bp: int
    prices_cny: dict[str, dict[str, Amount]]


class ConversionTermsAnswer(Struct, frozen=True):
    """A conversion on offer, at par; `day` is what a wallet may convert a Shanghai day."""

    from_currency: str
    to_currency: str
    day: Amount | None


class TransferTermsAnswer(Struct, frozen=True):
    """What may be given away; the receiver's share of its cost, in ten-thousandths."""

    currencies: list[str]
    creator_share_bp: int


class SpendTermsAnswer(Struct, frozen=True):
    """What a wallet without a limit of its own may spend of a currency a Shanghai day."""

    currency: str
    day: Amount


class PolicyAnswer(Struct, frozen=True):
    """What the house allows; `claims_block_spending` while a claim is open."""

    conversions: list[ConversionTermsAnswer]
    transfers: TransferTermsAnswer
    spend_limits: list[SpendTermsAnswer]
    claims_block_spending: bool


class CatalogueAnswer(Struct, frozen=True):
    """Everything that is offered, at current prices, and the house's policy."""

    version: str
    currencies: list[CurrencyAnswer]
    skus: list[SkuAnswer]
    plans: list[PlanAnswer]
    periods: list[PeriodAnswer]
    channels: list[ChannelAnswer]
    recharge: RechargeTermsAnswer
    daily_grant: DailyTermsAnswer
    promotions: list[PromotionAnswer]
    policy: PolicyAnswer


def render_catalogue(terms: Terms, codes: Codes) -> CatalogueAnswer:
    """The terms of one instant as callers see them."""
    return CatalogueAnswer(
        version=terms.version,
        currencies=[
            CurrencyAnswer(currency.code, currency.name) for currency in terms.currencies.values()
        ],
        skus=[
            SkuAnswer(sku.sku, codes[sku.currency], format_amount(sku.price_minor), sku.attributes)
            for sku in terms.skus.values()
        ],
        plans=[_plan(plan, terms, codes) for plan in terms.plans.values()],
        periods=[PeriodAnswer(period, months) for period, months in terms.periods.items()],
        channels=[
            ChannelAnswer(
                channel.channel, format_amount(channel.minor_per_yuan), channel.order_ttl_s
            )
            for channel in terms.channels.values()
        ],
        recharge=RechargeTermsAnswer(
            format_amount(terms.recharge_min_fen), format_amount(terms.recharge_max_fen)
        ),
        daily_grant=DailyTermsAnswer(codes[terms.daily_currency], format_amount(terms.daily_minor)),
        promotions=[_promotion(promotion, terms) for promotion in terms.promotions.values()],
        policy=_policy(terms.policy, codes),
    )


def _plan(plan: Plan, terms: Terms, codes: Codes) -> PlanAnswer:
    return PlanAnswer(
        plan=plan.plan,
        name=plan.name,
        rank=plan.rank,
        currency=codes[terms.membership_currency],
        month_amount=format_amount(plan.month_minor),
        prices_cny={
            period: format_amount(plan.month_price_fen * months)
            for period, months in terms.periods.items()
        },
        entitlements=list(plan.entitlements),
    )


def _promotion(promotion: Promotion, terms: Terms) -> PromotionAnswer:
    return PromotionAnswer(
        promotion=promotion.promotion,
        name=promotion.name,
        since=format_instant(promotion.since),
        until=format_instant(promotion.until),
        per_wallet_max=promotion.per_wallet_max,
        stackable=promotion.stackable,
        factor_bp=promotion.factor_bp,
        prices_cny={
            plan.plan: {
                period: format_amount(
                    promoted_fen(promotion, plan.month_price_fen * months, plan.plan, period)
                )
                for period, months in terms.periods.items()
            }
            for plan in terms.plans.values()
        },
    )


def _policy(policy: Policy, codes: Codes) -> PolicyAnswer:
    return PolicyAnswer(
        conversions=[
            ConversionTermsAnswer(
                codes[source],
                codes[target],
                optional_amount(policy.conversion_day_minor.get(source)),
            )
            for source, target in sorted(policy.conversions)
        ],
        transfers=TransferTermsAnswer(
            [codes[currency] for currency in sorted(policy.transfer_currencies)],
            policy.creator_share_bp,
        ),
        spend_limits=[
            SpendTermsAnswer(codes[currency], format_amount(day_minor))
            for currency, day_minor in sorted(policy.spend_day_minor.items())
        ],
        claims_block_spending=policy.claims_block_spending,
    )


async def read_catalogue(call: Call[None, NoQuery]) -> Response:
    """Read the terms in force."""
    return Response(200, render_catalogue(call.terms, call.currencies.codes))


_EXAMPLE: Final = CatalogueAnswer(
    version="2026-01-01",
    currencies=[CurrencyAnswer("INSPIRATION", "灵感值"), CurrencyAnswer("KUAIBI", "快币")],
    skus=[SkuAnswer("image", "INSPIRATION", "0.20", {"kind": "image"})],
    plans=[
        PlanAnswer(
            plan="gold",
            name="黄金",
            rank=1,
            currency="INSPIRATION",
            month_amount="660.00",
            prices_cny={"month": "66.00", "quarter": "198.00"},
            entitlements=["watermark_removal"],
        )
    ],
    periods=[PeriodAnswer("month", 1), PeriodAnswer("quarter", 3)],
    channels=[ChannelAnswer(CHANNEL, "10.00", 7_200)],
    recharge=RechargeTermsAnswer("1.00", "50000.00"),
    daily_grant=DailyTermsAnswer("INSPIRATION", "66.00"),
    promotions=[
        PromotionAnswer(
            promotion="launch",
            name="上线七折",
            since="2025-12-31T16:00:00Z",
            until="2029-12-31T16:00:00Z",
            per_wallet_max=16,
            stackable=False,
            factor_bp=7_000,
            prices_cny={"gold": {"month": "46.00", "quarter": "138.00"}},
        )
    ],
    policy=PolicyAnswer(
        conversions=[ConversionTermsAnswer("KUAIBI", "INSPIRATION", "5000.00")],
        transfers=TransferTermsAnswer(["KUAIBI"], 5_000),
        spend_limits=[],
        claims_block_spending=False,
    ),
)

OPERATIONS: Final = (
    Operation(
        id="readCatalogue",
        method="GET",
        path="/v1/catalogue",
        tag="Catalogue",
        summary="Read currencies, prices, plans, promotions and policy",
        run=read_catalogue,
        answers={200: CatalogueAnswer},
        example_answer=_EXAMPLE,
    ),
)
