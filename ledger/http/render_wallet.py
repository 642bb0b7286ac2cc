"""Rendering of a wallet as a whole: balances, membership, lots."""

from collections.abc import Mapping
from typing import Final

from ledger.core.flows.membership import due_at, ends_at, granting, standing
from ledger.core.instants import DAY_US, Instant, format_instant
from ledger.core.money import CNY, format_amount
from ledger.core.purchases import Membership
from ledger.core.wallet import Lot, Wallet
from ledger.http.answers import (
    BalanceAnswer,
    LotAnswer,
    MembershipAnswer,
    QueuedAnswer,
    WalletAnswer,
)
from ledger.http.render import moment
from ledger.service import WalletView

EXPIRING_SOON_US: Final = DAY_US
"""What expires within a day of the reading counts as expiring soon."""


def render_wallet(view: WalletView, codes: Mapping[int, str]) -> WalletAnswer:
    """The wallet as callers see it, every virtual currency named."""
    wallet = view.wallet
    return WalletAnswer(
        wallet_id=wallet.wallet_id,
        balances={
            code: _balance(wallet, number, view.as_of)
            for number, code in codes.items()
            if number != CNY
        },
        membership=None if wallet.membership is None else _membership(wallet.membership),
        # A wallet owes, is owed and is frozen by flows that its state does not have yet.
        claim_fen=0,
        payable_fen=0,
        frozen=False,
        seq=view.seq,
        as_of=format_instant(view.as_of),
    )


def _balance(wallet: Wallet, currency: int, as_of: Instant) -> BalanceAnswer:
    soon = as_of + EXPIRING_SOON_US
    expiring = sum(
        lot.available_minor
        for lot in wallet.lots
        if lot.terms.currency == currency
        and lot.terms.expires_at is not None
        and lot.terms.expires_at <= soon
    )
    return BalanceAnswer(
        available=format_amount(wallet.available_minor(currency)),
        held=format_amount(wallet.held_minor(currency)),
        expiring_soon=format_amount(expiring),
    )


def _membership(membership: Membership) -> MembershipAnswer:
    head = membership.terms[0] if membership.terms else membership.upgrades[0]
    queued = membership.terms[1:]
    now = standing(membership)
    return MembershipAnswer(
        plan=now.plan,
        status="active",
        started_at=format_instant(membership.anchor),
        ends_at=format_instant(ends_at(membership)),
        next_grant_at=format_instant(due_at(membership)) if granting(membership) else None,
        months=head.offset + head.months,
        months_granted=head.offset + head.granted,
        renews=membership.renews,
        queued=[QueuedAnswer(term.plan, term.months) for term in queued],
    )


def render_lot(lot: Lot, codes: Mapping[int, str]) -> LotAnswer:
    """One lot, as it stands."""
    terms = lot.terms
    return LotAnswer(
        lot_id=terms.lot_id,
        currency=codes[terms.currency],
        source=terms.source,
        available=format_amount(lot.available_minor),
        held=format_amount(lot.held_minor),
        cost_fen=terms.cost_fen,
        granted_at=format_instant(terms.granted_at),
        expires_at=moment(terms.expires_at),
    )
