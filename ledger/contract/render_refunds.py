"""Rendering of refunds of orders."""

from msgspec.structs import asdict

from ledger.contract.answers_refunds import OrderRefundAnswer, RequestedRefundAnswer
from ledger.contract.render import Codes, moment, render_order, render_takes
from ledger.core.flows.order_refund import OrderRefundRequested
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.wallet import OrderRefund


def render_order_refund(wallet_id: str, refund: OrderRefund) -> OrderRefundAnswer:
    """A refund, as it stands."""
    return OrderRefundAnswer(
        refund_id=refund.refund_id,
        order_id=refund.order_id,
        wallet_id=wallet_id,
        amount_cny=format_amount(refund.amount_fen),
        channel=refund.channel,
        status=refund.status,
        takes=render_takes(refund.takes),
        months=0 if refund.term is None else refund.term.months,
        payment_id=refund.payment_id,
        requested_at=format_instant(refund.requested_at),
        resolved_at=moment(refund.resolved_at),
    )


def render_requested_refund(
    wallet_id: str, event: OrderRefundRequested, codes: Codes
) -> RequestedRefundAnswer:
    """The answer to a refund that was asked for."""
    return RequestedRefundAnswer(
        **asdict(render_order_refund(wallet_id, event.refund)),
        order=render_order(wallet_id, event.order, None, codes),
    )
