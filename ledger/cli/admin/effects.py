"""What a proposal would do, in words, and what it would leave in the wallet as it is now."""

from collections.abc import Iterator
from typing import assert_never

from ledger.cli.screen import Screen
from ledger.cli.texts import when, yuan
from ledger.client.results import (
    Proposal,
    ProposedAdjustment,
    ProposedClose,
    ProposedErase,
    ProposedPayout,
    Wallet,
)


def effect_of(proposal: Proposal) -> str:
    """What a proposal would do, or did, in one line."""
    match proposal.command:
        case ProposedAdjustment() as adjustment:
            amount = f"{adjustment.direction} {adjustment.amount} {adjustment.currency}"
            return ", ".join([amount, *_terms(adjustment)])
        case ProposedPayout() as payout:
            withheld = payout.tax_withheld_cny
            tax = f", {withheld} of it to the tax office" if withheld else ""
            return f"pay out {payout.amount_cny} CNY{tax}"
        case ProposedClose() as close:
            return ", ".join(["close the wallet for good", *_given_up(close)])
        case ProposedErase():
            return "erase all texts about the wallet"
        case never:
            assert_never(never)


def _terms(adjustment: ProposedAdjustment) -> Iterator[str]:
    if adjustment.source:
        yield adjustment.source
    if adjustment.expires_at:
        yield f"expiring {when(adjustment.expires_at)}"
    if adjustment.lot_id:
        yield f"of lot {adjustment.lot_id}"
    if adjustment.include_paid:
        yield "paid value too"


def _given_up(close: ProposedClose) -> Iterator[str]:
    if close.forfeit_balance:
        yield "forfeit its balance"
    if close.end_membership:
        yield "end its membership"
    if close.write_off_claim:
        yield "write off its claim"


def show_effect(screen: Screen, proposal: Proposal, wallet: Wallet) -> None:
    """Note on standard error what approving a proposal would do to the wallet as it is now."""
    screen.note(f"proposal {proposal.proposal_id}, {proposal.status}:")
    screen.note(f"  {effect_of(proposal)}")
    screen.note(f"  wallet {wallet.wallet_id}, {wallet.status}: {_balances(wallet)}")
    if not wallet.seq:
        screen.note("  The ledger has never seen this wallet. Is its id right?")
    if isinstance(proposal.command, ProposedAdjustment):
        screen.note(f"  {_change(proposal.command, wallet)}")
    screen.note(f"  proposed by {proposal.proposed_by}: {proposal.reason or 'erased'}")
    for line in (proposal.evidence or "none").splitlines():
        screen.note(f"  evidence: {line}")


def _balances(wallet: Wallet) -> str:
    held = [
        f"{balance.available} {code} available, {balance.held} held"
        for code, balance in wallet.balances.items()
    ]
    owed = [f"owes {yuan(wallet.claim_fen)}"] if wallet.claim_fen else []
    payable = [f"{yuan(wallet.payable_fen)} payable"] if wallet.payable_fen else []
    return "; ".join([*held, *owed, *payable])


def _change(adjustment: ProposedAdjustment, wallet: Wallet) -> str:
    """What is available before and after a correction."""
    now = wallet.balances[adjustment.currency].available
    is_credit = adjustment.direction == "credit"
    after = now + adjustment.amount if is_credit else now - adjustment.amount
    return f"available {adjustment.currency}: now {now}, then {after}"
