"""Rendering of a wallet as a whole: balances, membership, lots."""

from collections.abc import Iterable, Mapping
from typing import Final

from ledger.contract.answers import (
    BalanceAnswer,
    ClaimAnswer,
    LimitAnswer,
    LotAnswer,
    MembershipAnswer,
    QueuedAnswer,
    UpgradeAnswer,
    WalletAnswer,
    WalletStatus,
)
from ledger.contract.render import moment, optional_amount
from ledger.core.flows.membership import due_at, ends_at, granting, standing
from ledger.core.instants import DAY_US, Instant, format_instant
from ledger.core.limits import limit_on, use_of
from ledger.core.money import CNY, format_amount
from ledger.core.purchases import Claim, Membership, MembershipTerm
from ledger.core.terms import Policy
from ledger.core.wallet import Lot, Wallet
from ledger.queries.wallets import WalletView

EXPIRING_SOON_US: Final = DAY_US
"""What expires within a day of the reading counts as expiring soon."""


def render_wallet(view: WalletView, policy: Policy, codes: Mapping[int, str]) -> WalletAnswer:
    """The wallet as callers see it, every virtual currency named."""
    wallet = view.wallet
    numbers = [number for number in codes if number != CNY]
    return WalletAnswer(
        wallet_id=wallet.wallet_id,
        status=status_of(wallet),
        balances={codes[number]: _balance(wallet, number, view.as_of) for number in numbers},
        membership=None if wallet.membership is None else render_membership(wallet.membership),
        claim_fen=wallet.claim_fen(),
        claims=[render_claim(claim) for claim in wallet.claims],
        payable_fen=wallet.payable_fen,
        limits=_limits(view, policy, codes, numbers),
        frozen=wallet.frozen,
        seq=view.seq,
        as_of=format_instant(view.as_of),
    )


def status_of(wallet: Wallet) -> WalletStatus:
    """What the wallet is, in a word."""
    if wallet.closed_at is not None:
        return "closed"
    return "frozen" if wallet.frozen else "open"


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


def render_claim(claim: Claim) -> ClaimAnswer:
    """What is owed of one order."""
    return ClaimAnswer(claim.order_id, format_amount(claim.open_fen))


def _limits(
    view: WalletView, policy: Policy, codes: Mapping[int, str], numbers: Iterable[int]
) -> list[LimitAnswer]:
    limits = (limit_on(view.wallet, policy, number) for number in numbers)
    return [
        LimitAnswer(
            currency=codes[limit.currency],
            day=optional_amount(limit.day_minor),
            single=optional_amount(limit.single_minor),
            charged_today=format_amount(
                use_of(view.wallet, limit.currency, view.as_of).charged_minor
            ),
        )
        for limit in limits
        if limit.day_minor is not None or limit.single_minor is not None
    ]


def render_membership(membership: Membership) -> MembershipAnswer:
    """A membership, as it stands."""
    head = membership.terms[0] if membership.terms else membership.upgrades[0]
    now = standing(membership)
    return MembershipAnswer(
        plan=now.plan,
        status="active",
        period=head.period,
        started_at=format_instant(membership.anchor),
        ends_at=format_instant(ends_at(membership)),
        next_grant_at=format_instant(due_at(membership)) if granting(membership) else None,
        months=head.offset + head.months,
        months_granted=head.offset + head.granted,
        renews=membership.renews,
        entitlements=list(now.entitlements),
        queued=[_queued(term) for term in membership.terms[1:]],
        upgrades=[_upgrade(term) for term in membership.upgrades],
    )


def _queued(term: MembershipTerm) -> QueuedAnswer:
    return QueuedAnswer(term.order_id, term.plan, term.period, term.months)


def _upgrade(term: MembershipTerm) -> UpgradeAnswer:
    months, granted = term.offset + term.months, term.offset + term.granted
    return UpgradeAnswer(term.order_id, term.plan, months, granted)


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
