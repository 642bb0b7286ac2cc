"""What a proposal would do, in words, and what it would leave in the wallet as it is now."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ledger.cli.admin.screen import Screen
from ledger.cli.admin.texts import when, yuan


def effect_of(proposal: Mapping[str, Any]) -> str:
    """What a proposal would do, or did, in one line."""
    command = proposal["command"]
    match command["kind"]:
        case "adjustment":
            of = f"{command['direction']} {command['amount']} {command['currency']}"
            return of + "".join(f", {term}" for term in _terms(command))
        case "pay_out":
            withheld = command["tax_withheld_cny"]
            tax = "" if withheld == "0.00" else f", {withheld} of it to the tax office"
            return f"pay out {command['amount_cny']} CNY{tax}"
        case "close_wallet":
            given_up = [name for name, is_said in _GIVEN_UP.items() if command[is_said]]
            return "close the wallet for good" + "".join(f", {part}" for part in given_up)
        case "erase_wallet":
            return "erase all texts about the wallet"
        case other:
            return str(other)


_GIVEN_UP = {
    "forfeit its balance": "forfeit_balance",
    "end its membership": "end_membership",
    "write off its claim": "write_off_claim",
}


def _terms(command: Mapping[str, Any]) -> list[str]:
    return [
        *([command["source"]] if command["source"] else []),
        *([f"expiring {when(command['expires_at'])}"] if command["expires_at"] else []),
        *([f"of lot {command['lot_id']}"] if command["lot_id"] else []),
        *(["paid value too"] if command["include_paid"] else []),
    ]


def show_effect(screen: Screen, proposal: Mapping[str, Any], wallet: Mapping[str, Any]) -> None:
    """Note on standard error what approving a proposal would do to the wallet as it is now."""
    screen.note(f"proposal {proposal['proposal_id']}, {proposal['status']}:")
    screen.note(f"  {effect_of(proposal)}")
    screen.note(f"  wallet {wallet['wallet_id']}, {wallet['status']}: {_balances(wallet)}")
    if not wallet["seq"]:
        screen.note("  The ledger has never seen this wallet. Is its id right?")
    before_and_after = _change(proposal["command"], wallet)
    if before_and_after:
        screen.note(f"  {before_and_after}")
    screen.note(f"  proposed by {proposal['proposed_by']}: {proposal['reason'] or 'erased'}")
    for line in (proposal["evidence"] or "none").splitlines():
        screen.note(f"  evidence: {line}")


def _balances(wallet: Mapping[str, Any]) -> str:
    held = [
        f"{balance['available']} {code} available, {balance['held']} held"
        for code, balance in wallet["balances"].items()
    ]
    owed = [f"owes {yuan(wallet['claim_fen'])}"] if wallet["claim_fen"] else []
    payable = [f"{yuan(wallet['payable_fen'])} payable"] if wallet["payable_fen"] else []
    return "; ".join([*held, *owed, *payable])


def _change(command: Mapping[str, Any], wallet: Mapping[str, Any]) -> str:
    """What is available before and after a correction; empty for anything else."""
    if command["kind"] != "adjustment":
        return ""
    now = Decimal(wallet["balances"][command["currency"]]["available"])
    amount = Decimal(command["amount"])
    after = now + amount if command["direction"] == "credit" else now - amount
    return f"available {command['currency']}: now {now}, then {after}"
