"""Closure: the end of a wallet, with a stated fate of its balance, its membership and its claim."""

from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.gate import CHANGES
from ledger.core.instants import Instant
from ledger.core.lots import all_available
from ledger.core.purchases import Claim, MembershipTerm, Order
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Stamp
from ledger.core.wallet import Take, Wallet


class CloseWallet(Struct, frozen=True, omit_defaults=True, tag="close_wallet"):
    """End a wallet for good; balance, membership and claim must each be given up explicitly."""

    gates: ClassVar = CHANGES
    refusals: ClassVar = (Reason.WALLET_NOT_EMPTY,)
    draws_id: ClassVar = False
    free_text: ClassVar = "reason"
    documents: ClassVar = ()

    wallet_id: str
    reason: str
    forfeit_balance: bool = False
    end_membership: bool = False
    write_off_claim: bool = False


class WalletClosed(Struct, frozen=True, tag="wallet_closed_v1"):
    """The wallet is closed: orders given up, takes and months forfeited, claims written off."""

    closed_at: Instant
    orders: tuple[Order, ...]
    takes: tuple[Take, ...]
    terms: tuple[MembershipTerm, ...]
    claims: tuple[Claim, ...]


Command = CloseWallet
Event = WalletClosed


def decide(wallet: Wallet, command: CloseWallet, stamp: Stamp) -> tuple[WalletClosed] | Rejection:
    """Refused while holds, refunds or transfers are open, or money is payable to the owner.

    Refused also for a balance, membership or claim that the command does not say to give up.
    """
    left = _what_is_left(wallet, command)
    if left is not None:
        return rejected(Reason.WALLET_NOT_EMPTY, wallet_id=wallet.wallet_id, what=left)
    membership = wallet.membership
    terms = () if membership is None else (*membership.terms, *membership.upgrades)
    return (
        WalletClosed(
            stamp.at,
            tuple(replace(order, status="closed") for order in wallet.orders),
            tuple(all_available(lot) for lot in wallet.lots),
            terms,
            wallet.claims,
        ),
    )


def _what_is_left(wallet: Wallet, command: CloseWallet) -> str | None:
    membership = wallet.membership is not None and not command.end_membership
    reasons = (
        (bool(wallet.holds), "open holds"),
        (bool(wallet.refunds), "refunds under way"),
        (bool(wallet.transfers), "transfers in transit"),
        (wallet.payable_fen > 0, "money payable to its owner"),
        (bool(wallet.lots) and not command.forfeit_balance, "a balance"),
        (membership, "a membership"),
        (bool(wallet.claims) and not command.write_off_claim, "an open claim"),
    )
    return next((what for there, what in reasons if there), None)


def evolve(wallet: Wallet, event: WalletClosed) -> Wallet:
    """Lots, orders, membership and claims are gone; the rest stays for later events."""
    return replace(
        wallet,
        lots=(),
        orders=(),
        membership=None,
        claims=(),
        frozen=False,
        closed_at=event.closed_at,
    )
