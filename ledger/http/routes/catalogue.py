"""The catalogue: everything that is for sale, at the prices of now."""

from typing import Final

from ledger.core.money import format_amount
from ledger.core.terms import Plan, Terms
from ledger.http.answer import Answer, json_answer
from ledger.http.answers import (
    CatalogueAnswer,
    ChannelAnswer,
    CurrencyAnswer,
    DailyTermsAnswer,
    PeriodAnswer,
    PlanAnswer,
    RechargeTermsAnswer,
    SkuAnswer,
)
from ledger.http.operation import Call, NoQuery, Operation
from ledger.http.render import Codes


async def read_catalogue(call: Call[None, NoQuery]) -> Answer:
    """Tell the terms in force."""
    return json_answer(200, render_catalogue(call.ledger.terms(), call.currencies.codes))


def render_catalogue(terms: Terms, codes: Codes) -> CatalogueAnswer:
    """The terms of one instant as callers see them."""
    return CatalogueAnswer(
        version=terms.version,
        currencies=[CurrencyAnswer(one.code, one.name) for one in terms.currencies.values()],
        skus=[
            SkuAnswer(one.sku, codes[one.currency], format_amount(one.price_minor), one.attributes)
            for one in terms.skus.values()
        ],
        plans=[_plan(one, terms, codes) for one in terms.plans.values()],
        periods=[PeriodAnswer(period, months) for period, months in terms.periods.items()],
        channels=[
            ChannelAnswer(one.channel, format_amount(one.minor_per_yuan), one.order_ttl_s)
            for one in terms.channels.values()
        ],
        recharge=RechargeTermsAnswer(
            format_amount(terms.recharge_min_fen), format_amount(terms.recharge_max_fen)
        ),
        daily_grant=DailyTermsAnswer(codes[terms.daily_currency], format_amount(terms.daily_minor)),
    )


def _plan(plan: Plan, terms: Terms, codes: Codes) -> PlanAnswer:
    return PlanAnswer(
        plan=plan.plan,
        name=plan.name,
        currency=codes[terms.membership_currency],
        month_amount=format_amount(plan.month_minor),
        prices_cny={
            period: format_amount(plan.month_price_fen * months)
            for period, months in terms.periods.items()
        },
        entitlements=list(plan.entitlements),
    )


_EXAMPLE: Final = CatalogueAnswer(
    version="2026-01-01",
    currencies=[CurrencyAnswer("INSPIRATION", "灵感值"), CurrencyAnswer("KUAIBI", "快币")],
    skus=[SkuAnswer("image", "INSPIRATION", "0.20", {"kind": "image"})],
    plans=[
        PlanAnswer(
            plan="gold",
            name="黄金",
            currency="INSPIRATION",
            month_amount="660.00",
            prices_cny={"month": "66.00", "quarter": "198.00"},
            entitlements=["watermark_removal"],
        )
    ],
    periods=[PeriodAnswer("month", 1), PeriodAnswer("quarter", 3)],
    channels=[ChannelAnswer("sandbox", "10.00", 7_200)],
    recharge=RechargeTermsAnswer("1.00", "50000.00"),
    daily_grant=DailyTermsAnswer("INSPIRATION", "66.00"),
)

OPERATIONS: Final = (
    Operation(
        id="readCatalogue",
        method="GET",
        path="/v1/catalogue",
        tag="Catalogue",
        summary="Read currencies, prices, plans and channels",
        run=read_catalogue,
        answers={200: CatalogueAnswer},
        example_answer=_EXAMPLE,
    ),
)
