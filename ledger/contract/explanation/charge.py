"""Explaining a charge: takes, hold, refunds, and its entry in the books."""

from datetime import date
from typing import Final

from msgspec import Struct

from ledger.contract.examples import CHARGE, HOLD, ORDER, WALLET
from ledger.contract.explanation.journal import ChargeJournal, example_leg, render_journal
from ledger.contract.explanation.words import Words, counted, expiry_words
from ledger.contract.fields import Amount, Moment
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.problems import problem_of
from ledger.contract.response import Response
from ledger.contract.shared import Codes, moment
from ledger.core.chart import Source
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.rejections import Reason, rejected
from ledger.core.wallet import HoldStatus, Take
from ledger.queries.explanation import ChargeReasons, refund_parts
from ledger.store.explanation import RecordedRefund


class ExplainedTake(Struct, frozen=True):
    """A slice of a lot that was charged, with its share of what the lot cost and the VAT in that.

    The `refunded` part came back from the end, with its own share of both.
    """

    lot_id: str
    source: Source
    paid: bool
    order_id: str | None
    granted_at: Moment
    expires_at: Moment | None
    amount: Amount
    cost_cny: Amount
    vat_cny: Amount
    revenue_cny: Amount
    refunded: Amount
    refunded_cost_cny: Amount
    refunded_vat_cny: Amount
    why: Words


class ChargeHoldAnswer(Struct, frozen=True):
    """The hold that a charge captured: how much it had set aside, and what went back."""

    hold_id: str
    status: HoldStatus
    amount: Amount
    authorized_at: Moment
    returned: Amount
    absorbed_by_claims: Amount
    absorbed_cost_cny: Amount
    absorbed_vat_cny: Amount


class ChargePriceAnswer(Struct, frozen=True):
    """The price that a charge was made at, frozen when it was quoted."""

    sku: str
    quantity: int
    price_version: str


class ChargeRefundAnswer(Struct, frozen=True):
    """A refund of a charge: `returned` is available again, the rest reduced claims instead."""

    seq: int
    at: Moment
    caller: str | None
    amount: Amount
    returned: Amount
    absorbed_by_claims: Amount
    reason: str | None


class ChargeExplanation(Struct, frozen=True):
    """What a charge took, what that had cost, and what became of it.

    `cost_cny`, `vat_cny` and `revenue_cny` (cost less VAT) are the sums over its takes, as it was
    charged; `refunds_complete` says that `refunds` are all there are. `journal` is for who may
    read the books, and null for all others; it also has what a hold's rest repaid of claims.
    """

    charge_id: str
    wallet_id: str
    currency: str
    amount: Amount
    refunded: Amount
    charged_at: Moment
    caller: str | None
    reference: str | None
    price: ChargePriceAnswer | None
    hold: ChargeHoldAnswer | None
    takes: list[ExplainedTake]
    cost_cny: Amount
    vat_cny: Amount
    revenue_cny: Amount
    refunds: list[ChargeRefundAnswer]
    refunds_complete: bool
    journal: ChargeJournal | None
    why: list[str]


def render_charge_explanation(
    wallet_id: str, reasons: ChargeReasons, codes: Codes, *, with_journal: bool
) -> ChargeExplanation:
    """What the charge took, cost and earned; the entry only for who may read the books."""
    charge, takes = reasons.charge, reasons.charge.takes
    cost_fen, vat_fen = sum(take.cost_fen for take in takes), sum(take.vat_fen for take in takes)
    refunds = [_refund(refund) for refund in reasons.refunds]
    refunds_minor = sum(sum(refund_parts(refund)) for refund in reasons.refunds)
    return ChargeExplanation(
        charge_id=charge.charge_id,
        wallet_id=wallet_id,
        currency=codes[charge.currency],
        amount=format_amount(charge.amount_minor),
        refunded=format_amount(reasons.now.refunded_minor),
        charged_at=format_instant(charge.charged_at),
        caller=reasons.recorded.caller or None,
        reference=charge.reference,
        price=_price(reasons),
        hold=_hold(reasons),
        takes=[_take(take, back) for take, back in zip(takes, reasons.refunded, strict=True)],
        cost_cny=format_amount(cost_fen),
        vat_cny=format_amount(vat_fen),
        revenue_cny=format_amount(cost_fen - vat_fen),
        refunds=refunds,
        refunds_complete=refunds_minor == reasons.now.refunded_minor,
        journal=render_journal(reasons, codes) if with_journal else None,
        why=_charge_words(reasons, codes[charge.currency]),
    )


def _price(reasons: ChargeReasons) -> ChargePriceAnswer | None:
    quote = reasons.charge.quote
    if quote is None:
        return None
    return ChargePriceAnswer(quote.sku, quote.quantity, quote.price_version)


def _hold(reasons: ChargeReasons) -> ChargeHoldAnswer | None:
    closed = reasons.hold
    if closed is None:
        return None
    absorbed = [absorption.take for absorption in reasons.absorbed]
    return ChargeHoldAnswer(
        hold_id=closed.hold.hold_id,
        status=closed.status,
        amount=format_amount(closed.hold.amount_minor),
        authorized_at=format_instant(closed.hold.authorized_at),
        returned=format_amount(sum(take.amount_minor for take in reasons.returned)),
        absorbed_by_claims=format_amount(sum(take.amount_minor for take in absorbed)),
        absorbed_cost_cny=format_amount(sum(take.cost_fen for take in absorbed)),
        absorbed_vat_cny=format_amount(sum(take.vat_fen for take in absorbed)),
    )


def _take(take: Take, back: Take | None) -> ExplainedTake:
    lot = take.lot
    return ExplainedTake(
        lot_id=lot.lot_id,
        source=lot.source,
        paid=lot.paid,
        order_id=lot.order_id,
        granted_at=format_instant(lot.granted_at),
        expires_at=moment(lot.expires_at),
        amount=format_amount(take.amount_minor),
        cost_cny=format_amount(take.cost_fen),
        vat_cny=format_amount(take.vat_fen),
        revenue_cny=format_amount(take.cost_fen - take.vat_fen),
        refunded=format_amount(0 if back is None else back.amount_minor),
        refunded_cost_cny=format_amount(0 if back is None else back.cost_fen),
        refunded_vat_cny=format_amount(0 if back is None else back.vat_fen),
        why=_take_words(take),
    )


def _refund(refund: RecordedRefund) -> ChargeRefundAnswer:
    returned_minor, absorbed_minor = refund_parts(refund)
    return ChargeRefundAnswer(
        seq=refund.seq,
        at=format_instant(refund.occurred_at),
        caller=refund.caller or None,
        amount=format_amount(returned_minor + absorbed_minor),
        returned=format_amount(returned_minor),
        absorbed_by_claims=format_amount(absorbed_minor),
        reason=refund.reason,
    )


def _charge_words(reasons: ChargeReasons, code: str) -> list[str]:
    """Sentences on what a charge was, step by step."""
    charge = reasons.charge
    amount, at = format_amount(charge.amount_minor), format_instant(charge.charged_at)
    sentences = [f"{amount} {code} was charged {at}, by {reasons.recorded.caller}."]
    if reasons.hold is not None:
        held = reasons.hold.hold
        sentences.append(
            f"The charge captured the hold {held.hold_id}, which had set "
            f"{format_amount(held.amount_minor)} aside {format_instant(held.authorized_at)}: its "
            f"takes are those of that moment. {_released_words(reasons)}"
        )
    if charge.quote is not None:
        quote = charge.quote
        sentences.append(
            f"The price was that of {quote.quantity} × {quote.sku}, version {quote.price_version}."
        )
    sentences.append(_earned_words(charge.takes))
    if reasons.now.refunded_minor:
        back, left = reasons.now.refunded_minor, charge.amount_minor - reasons.now.refunded_minor
        sentences.append(
            f"{format_amount(back)} of it was refunded, from the end of its takes; "
            f"{format_amount(left)} can still be."
        )
    return sentences


def _released_words(reasons: ChargeReasons) -> str:
    returned = format_amount(sum(take.amount_minor for take in reasons.returned))
    words = f"{returned} went back to its lots."
    if reasons.absorbed:
        claimed = format_amount(
            sum(absorption.take.amount_minor for absorption in reasons.absorbed)
        )
        words += f" {claimed} did not: it paid what was owed of its own order."
    return words


def _earned_words(takes: tuple[Take, ...]) -> str:
    cost_fen, vat_fen = sum(take.cost_fen for take in takes), sum(take.vat_fen for take in takes)
    lots = counted(len(takes), "lot")
    if not cost_fen:
        paid = any(take.lot.paid for take in takes)
        free = "that had cost less than 0.01 CNY" if paid else "nobody had paid for that"
        return f"It took from {lots}, in the order of spending; {free}."
    return (
        f"It took from {lots}, in the order of spending; that had cost {format_amount(cost_fen)} "
        f"CNY, of which {format_amount(vat_fen)} is VAT and {format_amount(cost_fen - vat_fen)} "
        "revenue."
    )


def _take_words(take: Take) -> str:
    """A sentence on the lot that a take is of."""
    lot = take.lot
    paid = "paid for" if lot.paid else "given for free"
    expiry = "never expires" if lot.expires_at is None else f"expires {expiry_words(lot)}"
    return (
        f"{format_amount(take.amount_minor)} of a lot of {format_amount(lot.amount_minor)} that "
        f"was {paid} ({lot.source}) and {expiry}."
    )


READS_BOOKS: Final = frozenset({"finance:read", "admin:write"})
"""Scopes either of which shows the journal."""


async def explain_charge(call: Call[None, NoQuery]) -> Response:
    """Explain what a charge took, cost and earned."""
    wallet_id, charge_id = call.params["wallet_id"], call.params["charge_id"]
    codes = call.currencies.codes
    reasons = await call.ledger.explanations.explain_charge(wallet_id, charge_id)
    if reasons is None:
        return problem_of(rejected(Reason.CHARGE_NOT_FOUND, charge_id=charge_id), codes).response()
    with_journal = not READS_BOOKS.isdisjoint(call.caller.scopes)
    return Response(
        200, render_charge_explanation(wallet_id, reasons, codes, with_journal=with_journal)
    )


_EXAMPLE: Final = ChargeExplanation(
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
            example_leg("points:held:purchased", "9003.01", "INSPIRATION", debit="12.00"),
            example_leg("points:consumed:purchased", "9005.01", "INSPIRATION", credit="10.00"),
            example_leg("points:available:purchased", "9002.01", "INSPIRATION", credit="2.00"),
            example_leg("liabilities:contract:inspiration", "2205.01", "CNY", debit="0.95"),
            example_leg("revenue:generation", "6001.01", "CNY", credit="0.95"),
            example_leg("liabilities:vat:pending", "2221.09", "CNY", debit="0.05"),
            example_leg("liabilities:vat:payable", "2221.01", "CNY", credit="0.05"),
        ],
        revenue_cny="0.95",
        vat_cny="0.05",
    ),
    why=["10.00 INSPIRATION was charged 2026-03-01T01:00:00.123456Z, by app."],
)

OPERATIONS: Final = (
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
        example_answer=_EXAMPLE,
    ),
)
