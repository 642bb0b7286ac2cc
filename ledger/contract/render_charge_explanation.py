"""Rendering of explained charges: takes, hold, refunds, and the entry in the books."""

from ledger.contract import wording_explanation as wording
from ledger.contract.answers_explanation import (
    ChargeExplanation,
    ChargeHoldAnswer,
    ChargeJournal,
    ChargePriceAnswer,
    ChargeRefundAnswer,
    ExplainedLeg,
    ExplainedTake,
)
from ledger.contract.shared import Codes, moment
from ledger.core.instants import day_to_date, format_instant
from ledger.core.money import format_amount
from ledger.core.wallet import Take
from ledger.queries.explanation import ChargeReasons, booked_fen, refund_parts
from ledger.store.explanation import RecordedRefund


def render_charge_explanation(
    wallet_id: str, reasons: ChargeReasons, codes: Codes, *, with_journal: bool
) -> ChargeExplanation:
    """What the charge took, cost and earned; the entry only for who may read the books."""
    charge, takes = reasons.charge, reasons.charge.takes
    cost_fen, vat_fen = sum(one.cost_fen for one in takes), sum(one.vat_fen for one in takes)
    refunds = [_refund(one) for one in reasons.refunds]
    told_minor = sum(sum(refund_parts(one)) for one in reasons.refunds)
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
        takes=[_take(one, back) for one, back in zip(takes, reasons.refunded, strict=True)],
        cost_cny=format_amount(cost_fen),
        vat_cny=format_amount(vat_fen),
        revenue_cny=format_amount(cost_fen - vat_fen),
        refunds=refunds,
        refunds_complete=told_minor == reasons.now.refunded_minor,
        journal=_journal(reasons, codes) if with_journal else None,
        why=wording.charge(reasons, codes[charge.currency]),
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
    absorbed = [one.take for one in reasons.absorbed]
    return ChargeHoldAnswer(
        hold_id=closed.hold.hold_id,
        status=closed.status,
        amount=format_amount(closed.hold.amount_minor),
        authorized_at=format_instant(closed.hold.authorized_at),
        returned=format_amount(sum(one.amount_minor for one in reasons.returned)),
        absorbed_by_claims=format_amount(sum(one.amount_minor for one in absorbed)),
        absorbed_cost_cny=format_amount(sum(one.cost_fen for one in absorbed)),
        absorbed_vat_cny=format_amount(sum(one.vat_fen for one in absorbed)),
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
        why=wording.take(take),
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


def _journal(reasons: ChargeReasons, codes: Codes) -> ChargeJournal:
    recorded, accounts = reasons.recorded, reasons.accounts
    revenue_fen, vat_fen = booked_fen(recorded.legs)
    return ChargeJournal(
        seq=recorded.seq,
        day=day_to_date(recorded.day),
        legs=[
            ExplainedLeg(
                account=accounts[account].path,
                code=accounts[account].code,
                name=accounts[account].name,
                currency=codes[currency],
                debit=format_amount(amount) if amount > 0 else None,
                credit=format_amount(-amount) if amount < 0 else None,
            )
            for account, currency, amount in recorded.legs
        ],
        revenue_cny=format_amount(revenue_fen),
        vat_cny=format_amount(vat_fen),
    )
