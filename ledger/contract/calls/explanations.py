"""Explanations: why a wallet's balance is what it is, and what a charge took, cost and earned."""

import asyncio
from datetime import date
from typing import Final

from ledger.contract.answer import Answer
from ledger.contract.answers import TakeAnswer
from ledger.contract.answers_explanation import (
    ChargeExplanation,
    ChargeHoldAnswer,
    ChargeJournal,
    ChargePriceAnswer,
    ChargeRefundAnswer,
    ExplainedCurrency,
    ExplainedHold,
    ExplainedLeg,
    ExplainedLimit,
    ExplainedLot,
    ExplainedTake,
    HeldByAnswer,
    LotOrderAnswer,
    OriginAnswer,
    SpendingAnswer,
    UpcomingAnswer,
    WalletExplanation,
)
from ledger.contract.calls.examples import CHANNEL, CHARGE, HOLD, LOT, ORDER, WALLET
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.refusals import problem_of
from ledger.contract.render_charge_explanation import render_charge_explanation
from ledger.contract.render_explanation import render_wallet_explanation
from ledger.core.rejections import Reason, rejected

READS_BOOKS: Final = frozenset({"finance:read", "admin:write"})
"""Scopes either of which shows the journal."""


async def explain_wallet(call: Call[None, NoQuery]) -> Answer:
    """Tell why the wallet's balance is what it is."""
    reasons = await call.ledger.explanations.explain_wallet(call.params["wallet_id"])
    policy = call.ledger.catalogue.at(reasons.as_of).policy
    # A thousand lots are told in tenths of a second, for which nobody else shall wait.
    told = await asyncio.to_thread(
        render_wallet_explanation, reasons, policy, call.currencies.codes
    )
    return Answer(200, told)


async def explain_charge(call: Call[None, NoQuery]) -> Answer:
    """Tell what a charge took, cost and earned."""
    wallet_id, charge_id = call.params["wallet_id"], call.params["charge_id"]
    codes = call.currencies.codes
    reasons = await call.ledger.explanations.explain_charge(wallet_id, charge_id)
    if reasons is None:
        return problem_of(rejected(Reason.CHARGE_NOT_FOUND, charge_id=charge_id), codes).answer()
    with_journal = not READS_BOOKS.isdisjoint(call.caller.scopes)
    return Answer(
        200, render_charge_explanation(wallet_id, reasons, codes, with_journal=with_journal)
    )


_NAMES: Final = {
    "points:held:purchased": "表外-held-purchased",
    "points:consumed:purchased": "表外-consumed-purchased",
    "points:available:purchased": "表外-available-purchased",
    "liabilities:contract:inspiration": "合同负债-灵感值",
    "revenue:generation": "主营业务收入-生成",
    "liabilities:vat:pending": "应交税费-待转销项税额",
    "liabilities:vat:payable": "应交税费-应交增值税(销项)",
}


def _leg(
    account: str, code: str, currency: str, debit: str | None = None, credit: str | None = None
) -> ExplainedLeg:
    return ExplainedLeg(account, code, _NAMES[account], currency, debit, credit)


_EXPLAINED: Final = WalletExplanation(
    wallet_id=WALLET,
    as_of="2026-03-01T01:00:00.123456Z",
    seq=42,
    status="open",
    spending=SpendingAnswer(
        allowed=True, why="Nothing keeps the wallet from spending what is available."
    ),
    currencies=[
        ExplainedCurrency(
            currency="INSPIRATION",
            available="156.00",
            held="10.00",
            refunding="0.00",
            expiring_48h="56.00",
            lots=[
                ExplainedLot(
                    place=1,
                    lot_id=LOT,
                    available="56.00",
                    held="10.00",
                    held_by=[HeldByAnswer(HOLD, "10.00", "2026-03-01T02:00:00.123456Z")],
                    source="daily",
                    paid=False,
                    granted="66.00",
                    cost_cny="0.00",
                    vat_cny="0.00",
                    cost_left_cny="0.00",
                    granted_at="2026-03-01T00:15:00Z",
                    expires_at="2026-03-01T16:00:00Z",
                    extended=False,
                    origin=OriginAnswer(40, "daily_granted", "2026-03-01T00:15:00Z", "app", None),
                    order_id=None,
                    order=None,
                    rule="expires_earlier",
                    why=(
                        f"Spent before lot-{ORDER}: what expires first goes first; it expires "
                        "2026-03-01T16:00:00Z, the other one never does. Holds have set 10.00 of "
                        "it aside; the rest can be spent."
                    ),
                ),
                ExplainedLot(
                    place=2,
                    lot_id=f"lot-{ORDER}",
                    available="100.00",
                    held="0.00",
                    held_by=[],
                    source="purchased",
                    paid=True,
                    granted="100.00",
                    cost_cny="10.00",
                    vat_cny="0.57",
                    cost_left_cny="10.00",
                    granted_at="2026-03-01T00:02:03.456789Z",
                    expires_at=None,
                    extended=False,
                    origin=OriginAnswer(
                        39,
                        "recharge_paid",
                        "2026-03-01T00:02:03.456789Z",
                        f"channel:{CHANNEL}",
                        None,
                    ),
                    order_id=ORDER,
                    order=LotOrderAnswer(
                        order_id=ORDER,
                        kind="recharge",
                        status="paid",
                        channel=CHANNEL,
                        price_cny="10.00",
                        promotion=None,
                        payment_id=f"{CHANNEL}-{ORDER}",
                    ),
                    rule="last",
                    why="No lot of its currency is spent after it.",
                ),
            ],
            holds=[
                ExplainedHold(
                    hold_id=HOLD,
                    amount="10.00",
                    authorized_at="2026-03-01T01:00:00.123456Z",
                    expires_at="2026-03-01T02:00:00.123456Z",
                    reference="render-1842",
                    sku="video-5s-standard",
                    takes=[TakeAnswer(LOT, "10.00")],
                    why=(
                        "Since 2026-03-01T01:00:00.123456Z it sets 10.00 aside, in the order of "
                        "spending then. Unless it is captured or voided before, it ends "
                        "2026-03-01T02:00:00.123456Z, and all of it goes back to the lots it came "
                        "from."
                    ),
                )
            ],
            limit=ExplainedLimit(
                of="wallet",
                day="500.00",
                single=None,
                charged_today="20.00",
                held="10.00",
                left_today="470.00",
                resets_at="2026-03-01T16:00:00Z",
                why=(
                    "At most 500.00 may be spent a day: 20.00 was charged today and 10.00 is held, "
                    "so 470.00 is left until 2026-03-01T16:00:00Z."
                ),
            ),
            conversion=None,
            why=(
                "156.00 INSPIRATION can be spent, out of 2 lots; 10.00 is set aside by 1 open "
                "hold; 56.00 expires within 48 hours."
            ),
        )
    ],
    upcoming=[
        UpcomingAnswer(
            at="2026-03-01T02:00:00.123456Z",
            within_48h=True,
            what="hold_expires",
            currency="INSPIRATION",
            amount="10.00",
            lot_id=None,
            hold_id=HOLD,
            order_id=None,
            why=(
                f"The hold {HOLD} ends unless it is captured, voided or extended before; what it "
                "set aside goes back to its lots."
            ),
        ),
        UpcomingAnswer(
            at="2026-03-01T16:00:00Z",
            within_48h=True,
            what="lot_expires",
            currency="INSPIRATION",
            amount="-66.00",
            lot_id=LOT,
            hold_id=None,
            order_id=None,
            why=f"66.00 INSPIRATION of lot {LOT} (daily) expires if it is not spent before.",
        ),
    ],
    upcoming_more=False,
    claims=[],
    claim_cny="0.00",
    payable_cny="0.00",
    why=[
        (
            "156.00 INSPIRATION can be spent, out of 2 lots; 10.00 is set aside by 1 open hold; "
            "56.00 expires within 48 hours."
        ),
        "Nothing keeps the wallet from spending what is available.",
    ],
)
_CHARGE: Final = ChargeExplanation(
    charge_id=CHARGE,
    wallet_id=WALLET,
    currency="INSPIRATION",
    amount="10.00",
    refunded="4.00",
    charged_at="2026-03-01T01:00:00.123456Z",
    caller="app",
    reference="render-1842",
    price=ChargePriceAnswer("video-5s-standard", 1, "2026-01-01"),
    hold=ChargeHoldAnswer(
        hold_id=HOLD,
        status="captured",
        amount="12.00",
        authorized_at="2026-03-01T00:59:00.123456Z",
        returned="2.00",
        absorbed_by_claims="0.00",
        absorbed_cost_cny="0.00",
        absorbed_vat_cny="0.00",
    ),
    takes=[
        ExplainedTake(
            lot_id=f"lot-{ORDER}",
            source="purchased",
            paid=True,
            order_id=ORDER,
            granted_at="2026-03-01T00:02:03.456789Z",
            expires_at=None,
            amount="10.00",
            cost_cny="1.00",
            vat_cny="0.05",
            revenue_cny="0.95",
            refunded="4.00",
            refunded_cost_cny="0.40",
            refunded_vat_cny="0.02",
            why="10.00 of a lot of 100.00 that was paid for (purchased) and never expires.",
        )
    ],
    cost_cny="1.00",
    vat_cny="0.05",
    revenue_cny="0.95",
    refunds=[
        ChargeRefundAnswer(
            seq=4720,
            at="2026-03-01T01:05:00.123456Z",
            caller="support",
            amount="4.00",
            returned="4.00",
            absorbed_by_claims="0.00",
            reason="the job failed",
        )
    ],
    refunds_complete=True,
    journal=ChargeJournal(
        seq=4711,
        day=date(2026, 3, 1),
        legs=[
            _leg("points:held:purchased", "9003.01", "INSPIRATION", debit="12.00"),
            _leg("points:consumed:purchased", "9005.01", "INSPIRATION", credit="10.00"),
            _leg("points:available:purchased", "9002.01", "INSPIRATION", credit="2.00"),
            _leg("liabilities:contract:inspiration", "2205.01", "CNY", debit="0.95"),
            _leg("revenue:generation", "6001.01", "CNY", credit="0.95"),
            _leg("liabilities:vat:pending", "2221.09", "CNY", debit="0.05"),
            _leg("liabilities:vat:payable", "2221.01", "CNY", credit="0.05"),
        ],
        revenue_cny="0.95",
        vat_cny="0.05",
    ),
    why=["10.00 INSPIRATION was charged 2026-03-01T01:00:00.123456Z, by app."],
)

OPERATIONS: Final = (
    Operation(
        id="explainWallet",
        method="GET",
        path="/v1/wallets/{wallet_id}/explanation",
        tag="Wallet",
        summary="Explain a wallet's balance",
        description=(
            "Every lot in the order of spending, with the rule that puts it before the next one, "
            "where it came from and which holds have set how much of it aside; what falls due "
            "when; limits and what is left of them; claims. The parts add up to the balance. Every "
            "`why` says it in words."
        ),
        run=explain_wallet,
        scopes=("wallet:read",),
        answers={200: WalletExplanation},
        example_answer=_EXPLAINED,
    ),
    Operation(
        id="explainCharge",
        method="GET",
        path="/v1/wallets/{wallet_id}/charges/{charge_id}/explanation",
        tag="Generation",
        summary="Explain a charge",
        description=(
            "What it took from which lots, what that had cost, and what was refunded of it. The "
            "`journal` is null unless the key has finance:read or admin:write as well."
        ),
        run=explain_charge,
        scopes=("wallet:read",),
        answers={200: ChargeExplanation},
        reasons=(Reason.CHARGE_NOT_FOUND,),
        example_answer=_CHARGE,
    ),
)
