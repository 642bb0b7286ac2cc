"""`ledger adjust` and `ledger propose …`: dangerous things, put before a second person."""

from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from cyclopts import App, Parameter

from ledger.cli.admin.connection_options import CHANGING, Amount, ChangeOptions, Flag, Id
from ledger.cli.admin.proposals import show_proposal
from ledger.cli.admin.session import open_session
from ledger.cli.texts import instant

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

    lot_id: Id | None = None
    """Of a debit: take from this lot alone."""

    include_paid: Flag = False
    """Of a debit: also take value that was paid for."""


async def adjust(
    wallet_id: Id,
    direction: Literal["credit", "debit"],
    currency: str,
    amount: Amount,
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
    expires_at = None if why.expires_at is None else instant(why.expires_at)
    async with open_session(where) as session:
        propose = partial(
            session.client.propose_adjustment,
            wallet_id,
            direction,
            currency,
            amount,
            reason=why.reason,
            evidence=why.evidence,
            valid_for_s=why.valid_for_s,
            source=why.source,
            expires_at=expires_at,
            lot_id=why.lot_id,
            include_paid=why.include_paid or None,
        )
        session.show(await session.change(where.idempotency_key, propose), show_proposal)


@app.command
async def close(
    wallet_id: Id,
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
    async with open_session(where) as session:
        propose = partial(
            session.client.propose_close_wallet,
            wallet_id,
            reason=why.reason,
            evidence=why.evidence,
            valid_for_s=why.valid_for_s,
            forfeit_balance=forfeit_balance,
            end_membership=end_membership,
            write_off_claim=write_off_claim,
        )
        session.show(await session.change(where.idempotency_key, propose), show_proposal)


@app.command
async def payout(
    wallet_id: Id,
    amount_cny: Amount,
    *,
    tax_withheld_cny: Amount | None = None,
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
    async with open_session(where) as session:
        propose = partial(
            session.client.propose_pay_out,
            wallet_id,
            amount_cny,
            reason=why.reason,
            evidence=why.evidence,
            valid_for_s=why.valid_for_s,
            tax_withheld_cny=tax_withheld_cny,
            reference=reference,
        )
        session.show(await session.change(where.idempotency_key, propose), show_proposal)


@app.command
async def erase(wallet_id: Id, *, why: Why, where: ChangeOptions = CHANGING) -> None:
    """Propose to erase what people wrote about a wallet; balances and the log stay."""
    async with open_session(where) as session:
        propose = partial(
            session.client.propose_erase_wallet,
            wallet_id,
            reason=why.reason,
            evidence=why.evidence,
            valid_for_s=why.valid_for_s,
        )
        session.show(await session.change(where.idempotency_key, propose), show_proposal)
