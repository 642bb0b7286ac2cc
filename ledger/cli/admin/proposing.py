"""`ledger adjust` and `ledger propose …`: dangerous things, put before a second person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from cyclopts import App, Parameter

from ledger.cli.admin.connection_options import CHANGING, ChangeOptions, Flag
from ledger.cli.admin.proposals import show_proposal
from ledger.cli.admin.session import open_session, path

app: Final = App(name="propose", help="Propose what another person must approve.")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Why:
    """What every proposal says to who decides on it."""

    reason: str
    """Why it should be done: 1 to 200 characters."""

    evidence: str | None = None
    """What shows that it is right: a link, a ticket, or a text."""

    valid_for_s: int | None = None
    """For how many seconds it may wait for a decision: 60 to 604800, a day by default."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Correction(Why):
    """What a correction may say beside its amount."""

    source: Literal["promotional", "compensation"] | None = None
    """Of a credit: what kind of points it gives; compensation by default."""

    expires_at: str | None = None
    """Of a credit: when they expire, such as 2026-03-01T09:00:00+08:00; never by default."""

    lot_id: str | None = None
    """Of a debit: take from this lot alone."""

    include_paid: Flag = False
    """Of a debit: also take value that was paid for."""


async def adjust(
    wallet_id: str,
    direction: Literal["credit", "debit"],
    currency: str,
    amount: str,
    *,
    why: Correction,
    where: ChangeOptions = CHANGING,
) -> None:
    """Propose to correct a balance; nothing changes until another person approves it.

    Parameters
    ----------
    direction
        credit gives free points, debit takes points away.
    """
    given = {
        "direction": direction,
        "currency": currency,
        "amount": amount,
        "source": why.source,
        "expires_at": why.expires_at,
        "lot_id": why.lot_id,
        "include_paid": True if why.include_paid else None,
    }
    await _propose("adjustments", wallet_id, given, why, where)


@app.command
async def close(
    wallet_id: str,
    *,
    forfeit_balance: Flag = False,
    end_membership: Flag = False,
    write_off_claim: Flag = False,
    why: Why,
    where: ChangeOptions = CHANGING,
) -> None:
    """Propose to close a wallet for good; what it still has must be said to be given up.

    Parameters
    ----------
    forfeit_balance
        Its points are given up.
    end_membership
        Its membership ends.
    write_off_claim
        What its owner owes is given up.
    """
    given = {
        "kind": "close_wallet",
        "forfeit_balance": forfeit_balance,
        "end_membership": end_membership,
        "write_off_claim": write_off_claim,
    }
    await _propose("proposals", wallet_id, given, why, where)


@app.command
async def payout(
    wallet_id: str,
    amount_cny: str,
    *,
    tax_withheld_cny: str | None = None,
    reference: str | None = None,
    why: Why,
    where: ChangeOptions = CHANGING,
) -> None:
    """Propose to book money that was paid to a wallet's owner.

    Parameters
    ----------
    amount_cny
        What is settled.
    tax_withheld_cny
        The part of it that went to the tax office.
    reference
        The payment's number, an id.
    """
    given = {
        "kind": "pay_out",
        "amount_cny": amount_cny,
        "tax_withheld_cny": tax_withheld_cny,
        "reference": reference,
    }
    await _propose("proposals", wallet_id, given, why, where)


@app.command
async def erase(wallet_id: str, *, why: Why, where: ChangeOptions = CHANGING) -> None:
    """Propose to erase what people wrote about a wallet; balances and the log stay."""
    await _propose("proposals", wallet_id, {"kind": "erase_wallet"}, why, where)


async def _propose(
    collection: str,
    wallet_id: str,
    given: Mapping[str, object],
    why: Why,
    where: ChangeOptions = CHANGING,
) -> None:
    body = {
        "wallet_id": wallet_id,
        **given,
        "reason": why.reason,
        "evidence": why.evidence,
        "valid_for_s": why.valid_for_s,
    }
    async with open_session(where) as session:
        proposal = await session.post(path("v1", collection), body, key=where.idempotency_key)
        session.show(proposal, show_proposal)
