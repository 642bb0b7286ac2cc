"""Rendering of what administrators did with a wallet."""

from ledger.contract.answers_control import (
    ClosedWalletAnswer,
    ForfeitAnswer,
    FrozenAnswer,
    SetLimitAnswer,
)
from ledger.contract.render import Codes, optional_amount
from ledger.core.flows.closure import WalletClosed
from ledger.core.flows.control import LimitSet, WalletFrozen, WalletUnfrozen
from ledger.core.instants import format_instant
from ledger.core.money import format_amount


def render_frozen(wallet_id: str, event: WalletFrozen | WalletUnfrozen, _: Codes) -> FrozenAnswer:
    """The answer to a freeze or its end."""
    return FrozenAnswer(wallet_id, event.frozen)


def render_limit(wallet_id: str, event: LimitSet, codes: Codes) -> SetLimitAnswer:
    """The answer to a limit that was set or lifted."""
    limit = event.limit
    return SetLimitAnswer(
        wallet_id=wallet_id,
        currency=codes[limit.currency],
        day=optional_amount(limit.day_minor),
        single=optional_amount(limit.single_minor),
    )


def render_closed_wallet(wallet_id: str, event: WalletClosed, codes: Codes) -> ClosedWalletAnswer:
    """The answer to a wallet's end."""
    return ClosedWalletAnswer(
        wallet_id=wallet_id,
        closed_at=format_instant(event.closed_at),
        forfeited=[
            ForfeitAnswer(
                take.lot.lot_id, codes[take.lot.currency], format_amount(take.amount_minor)
            )
            for take in event.takes
        ],
        membership_ended=bool(event.terms),
        claim_written_off_cny=format_amount(sum(claim.open_fen for claim in event.claims)),
        orders_closed=[order.order_id for order in event.orders],
    )
