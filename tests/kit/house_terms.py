"""The terms of tests, made by hand: a house, a tight one and a strict one; and their auditor."""

from collections.abc import Mapping

from msgspec.structs import replace

from ledger.core.chart import (
    FUNDS_SANDBOX,
    LIABILITY_INSPIRATION,
    LIABILITY_KUAIBI,
    LIABILITY_MEMBERSHIP,
    RECEIVABLE_APPLE,
)
from ledger.core.instants import INSTANT_MAX
from ledger.core.terms import Channel, Currency, Plan, Policy, Promotion, Sku, Terms
from tests.kit.auditor.auditor import Auditor
from tests.kit.auditor.books import Catalogue
from tests.kit.currencies import INSPIRATION, KUAIBI

SHARD = 1

TERMS = Terms(
    version="2026-01-01",
    currencies={
        "INSPIRATION": Currency(INSPIRATION, "INSPIRATION", "灵感值", LIABILITY_INSPIRATION),
        "KUAIBI": Currency(KUAIBI, "KUAIBI", "快币", LIABILITY_KUAIBI),
    },
    skus={
        "image": Sku("image", INSPIRATION, 20),
        "video-5s-standard": Sku("video-5s-standard", INSPIRATION, 1_000),
        "video-5s-professional": Sku("video-5s-professional", INSPIRATION, 3_500),
        "video-10s-standard": Sku("video-10s-standard", INSPIRATION, 2_000),
        "video-10s-professional": Sku("video-10s-professional", INSPIRATION, 7_000),
    },
    plans={
        "gold": Plan("gold", "黄金", 6_600, 66_000, ("watermark_removal",), 4),
        "platinum": Plan("platinum", "铂金", 26_600, 300_000, (), 5),
        "diamond": Plan("diamond", "钻石", 66_600, 800_000, (), 6),
        "black": Plan("black", "黑金", 131_400, 2_600_000, (), 7),
        # So few points that stories spend them all, and lots leave and come back.
        "mini": Plan("mini", "迷你", 100, 700, (), 1),
        "midi": Plan("midi", "中", 250, 2_000, (), 2),
        # Higher than the one before at the same price: to upgrade costs nothing.
        "maxi": Plan("maxi", "大", 250, 2_300, (), 3),
    },
    periods={"month": 1, "quarter": 3, "half_year": 6, "year": 12},
    channels={
        "sandbox": Channel("sandbox", FUNDS_SANDBOX, 1_000, 7_200),
        "apple": Channel("apple", RECEIVABLE_APPLE, 700, 600),
    },
    membership_currency=INSPIRATION,
    membership_liability=LIABILITY_MEMBERSHIP,
    daily_currency=INSPIRATION,
    daily_minor=6_600,
    recharge_min_fen=100,
    recharge_max_fen=5_000_000,
    vat_bp=600,
    promotions={
        "launch": Promotion(
            "launch",
            "开业七折",
            7_000,
            since=0,
            until=INSTANT_MAX,
            per_wallet_max=3,
            prices_fen={("mini", "month"): 50, ("midi", "quarter"): 499},
        ),
        "twice": Promotion(
            "twice",
            "对折再升级",
            5_000,
            since=0,
            until=INSTANT_MAX,
            per_wallet_max=2,
            stackable=True,
            prices_fen={("mini", "month"): 33},
        ),
        # From one Shanghai midnight that stories go to until another one.
        "brief": Promotion(
            "brief",
            "限时",
            9_000,
            since=1_769_875_200_000_000,
            until=1_773_158_400_000_000,
            per_wallet_max=100,
            prices_fen={("mini", "month"): 90},
        ),
    },
    policy=Policy(
        conversions=frozenset({(KUAIBI, INSPIRATION)}),
        conversion_day_minor={KUAIBI: 12_000},
        transfer_currencies=frozenset({KUAIBI}),
        creator_share_bp=5_000,
    ),
)

TIGHT = replace(TERMS, lots_max=3, holds_max=2, orders_max=2, refunds_max=1, transfers_max=1)
"""The same terms with bounds that a few commands reach."""

STRICT = replace(
    TERMS,
    policy=Policy(
        conversions=frozenset({(KUAIBI, INSPIRATION), (INSPIRATION, KUAIBI)}),
        transfer_currencies=frozenset({KUAIBI, INSPIRATION}),
        creator_share_bp=3_333,
        spend_day_minor={INSPIRATION: 20_000, KUAIBI: 9_000},
        claims_block_spending=True,
    ),
    stopped=frozenset({"sku:image", "channel:apple"}),
)
"""The same terms in a strict house: caps a day, claims that block, a SKU and a channel stopped."""

VARIANTS = (TERMS, TIGHT, STRICT)

CODES = {INSPIRATION: "INSPIRATION", KUAIBI: "KUAIBI"}
FUNDS_PATHS = {"sandbox": "assets:funds:sandbox", "apple": "assets:receivable:apple"}


def code_of(currency: int) -> str:
    """A currency's code; of one that the catalogue does not know, its number."""
    return CODES.get(currency, str(currency))


def catalogue_of(terms: Terms) -> Catalogue:
    """The terms as the plain numbers that the auditor is told."""
    return Catalogue(
        skus={sku.sku: (code_of(sku.currency), sku.price_minor) for sku in terms.skus.values()},
        plans={
            plan.plan: (plan.month_price_fen, plan.month_minor, plan.rank)
            for plan in terms.plans.values()
        },
        periods=terms.periods,
        channels={
            channel.channel: (
                FUNDS_PATHS[channel.channel],
                channel.minor_per_yuan,
                channel.order_ttl_s,
            )
            for channel in terms.channels.values()
        },
        promotions={
            promotion.promotion: {
                "factor_bp": promotion.factor_bp,
                "since": promotion.since,
                "until": promotion.until,
                "most": promotion.per_wallet_max,
                "stackable": promotion.stackable,
                "prices": promotion.prices_fen,
            }
            for promotion in terms.promotions.values()
        },
        conversions=frozenset((code_of(a), code_of(b)) for a, b in terms.policy.conversions),
        conversion_day=_by_code(terms.policy.conversion_day_minor),
        transferable=frozenset(code_of(currency) for currency in terms.policy.transfer_currencies),
        creator_share_bp=terms.policy.creator_share_bp,
        spend_day=_by_code(terms.policy.spend_day_minor),
        claims_block_spending=terms.policy.claims_block_spending,
        stopped=terms.stopped,
        daily_minor=terms.daily_minor,
        recharge_min_fen=terms.recharge_min_fen,
        recharge_max_fen=terms.recharge_max_fen,
        vat_bp=terms.vat_bp,
        quantity_max=terms.quantity_max,
        lots_max=terms.lots_max,
        holds_max=terms.holds_max,
        orders_max=terms.orders_max,
        refunds_max=terms.refunds_max,
        transfers_max=terms.transfers_max,
        amount_max=terms.amount_minor_max,
    )


def _by_code(amounts: Mapping[int, int]) -> dict[str, int]:
    return {code_of(currency): amount for currency, amount in amounts.items()}


def auditor_for(terms: Terms, *, closed_through: int = 0) -> Auditor:
    """An auditor that was told these terms."""
    return Auditor(catalogue_of(terms), closed_through=closed_through)
