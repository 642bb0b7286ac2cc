"""`ledger adjust`, `ledger propose …`, `ledger proposal …`: what takes two people."""

import sys
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final, Literal

from cyclopts import App, Parameter

from ledger.cli.admin.confirming import confirm
from ledger.cli.admin.connection_options import (
    CHANGING,
    HERE,
    ChangeOptions,
    ConnectionOptions,
    Flag,
    Id,
    Yes,
)
from ledger.cli.admin.effects import effect_of, show_effect
from ledger.cli.admin.session import REFUSED, UNREACHABLE, Session, listing, open_session
from ledger.cli.command_error import CommandError
from ledger.cli.screen import Screen, columns, long
from ledger.cli.texts import NOTHING, Cell, moment, stated, text_of, when
from ledger.client import Refused
from ledger.client.results import Me, Outcome, Proposal

app: Final = App(name="proposal", help="What waits for a second person; approve it or reject it.")

Standing = Literal[
    "waiting", "open", "expired", "approved", "rejected", "withdrawn", "done", "refused"
]


@app.command(name="list")
async def list_(
    *,
    status: Standing = "waiting",
    all_: Flag = False,
    wallet: Id | None = None,
    limit: int = 50,
    after: str | None = None,
    where: ConnectionOptions = HERE,
) -> None:
    """List proposals; first what waits for you.

    Parameters
    ----------
    status
        Those that stand so; `waiting` is what is open, other people's first.
    all_
        Whatever their status.
    wallet
        Those about this wallet.
    limit
        At most so many.
    after
        Go on after a page: the cursor that it told at its end.
    """
    if limit < 1:
        raise CommandError("--limit is 1 or more")
    wanted = None if all_ else status
    async with open_session(where) as session:
        client = session.client
        proposals = await listing(
            lambda limit, after: client.proposals_page(
                status=wanted, wallet_id=wallet, limit=limit, after=after
            ),
            limit,
            after,
        )
        if session.as_json:
            session.screen.document(proposals.document)
            return
        _show_page(session.screen, proposals.items, await client.me())
        session.screen.note_more(proposals.next)


@app.command
async def show(proposal_id: Id, *, where: ConnectionOptions = HERE) -> None:
    """Show a proposal: what it would do, why, and how it stands."""
    async with open_session(where) as session:
        session.show(await session.client.proposal(proposal_id), show_proposal)


@app.command
async def approve(
    proposal_ids: Annotated[tuple[Id, ...], Parameter(name="PROPOSAL-ID")],
    /,
    *,
    reason: str | None = None,
    yes: Yes = False,
    where: ChangeOptions = CHANGING,
) -> None:
    """Approve what another person proposed; it is carried out at once.

    It shows what will happen and asks. Exit code 1 if the ledger refuses one of them.

    Parameters
    ----------
    proposal_ids
        One or several.
    reason
        Why it is right, for whoever looks at it later.
    yes
        Do not ask: you know what these proposals are.
    """
    if not proposal_ids:
        raise CommandError("say which proposals, by their ids: `ledger proposal list` shows them")
    if where.idempotency_key is not None and len(proposal_ids) > 1:
        raise CommandError("--idempotency-key is for a single proposal")
    async with open_session(where) as session:
        if not yes:
            for proposal_id in proposal_ids:
                await _preview(session, proposal_id)
            many = len(proposal_ids)
            what = "this proposal" if many == 1 else f"these {many} proposals"
            confirm(session.screen, f"Approve {what}, and have it done now?", yes=False)
        decided = await _approve(session, proposal_ids, reason, where.idempotency_key)
    statuses = {proposal.status for proposal in decided}
    if len(decided) < len(proposal_ids) or "refused" in statuses:
        sys.exit(REFUSED)
    if "approved" in statuses:
        sys.exit(UNREACHABLE)


async def _approve(
    session: Session, proposal_ids: Sequence[str], reason: str | None, key: str | None
) -> list[Proposal]:
    """The proposals as they were decided, each shown at once; a refusal ends only its own."""
    decided: list[Proposal] = []
    for proposal_id in proposal_ids:
        try:
            proposal = await _approve_one(session, proposal_id, reason, key)
        except Refused as refused:
            if len(proposal_ids) == 1:
                raise
            session.screen.note(f"{proposal_id}: refused ({refused.slug}): {refused.detail}")
            continue
        decided.append(proposal)
        if len(proposal_ids) == 1 or not session.as_json:
            session.show(proposal, show_proposal)
    if len(proposal_ids) > 1 and session.as_json:
        documents = [proposal.document for proposal in decided]
        session.screen.document({"items": documents, "next": None})
    return decided


async def _approve_one(
    session: Session, proposal_id: str, reason: str | None, key: str | None
) -> Proposal:
    return await session.change(
        key,
        partial(session.client.approve_proposal, proposal_id, reason=reason),
    )


@app.command
async def reject(
    proposal_id: Id, *, reason: str | None = None, where: ChangeOptions = CHANGING
) -> None:
    """Reject what another person proposed; nothing is done."""
    async with open_session(where) as session:
        proposal = await session.change(
            where.idempotency_key,
            partial(session.client.reject_proposal, proposal_id, reason=reason),
        )
        session.show(proposal, show_proposal)


@app.command
async def withdraw(
    proposal_id: Id, *, reason: str | None = None, where: ChangeOptions = CHANGING
) -> None:
    """Take your own proposal back."""
    async with open_session(where) as session:
        proposal = await session.change(
            where.idempotency_key,
            partial(session.client.withdraw_proposal, proposal_id, reason=reason),
        )
        session.show(proposal, show_proposal)


async def _preview(session: Session, proposal_id: str) -> None:
    """Show what approving would do to the wallet as it is now; on standard error, as a note."""
    proposal = await session.client.proposal(proposal_id)
    wallet = await session.client.wallet(proposal.wallet_id)
    show_effect(session.screen, proposal, wallet)


def show_proposal(screen: Screen, proposal: Proposal) -> None:
    """A proposal as it stands."""
    screen.facts(
        [
            *stated(
                proposal_id=proposal.proposal_id,
                status=proposal.status,
                wallet_id=proposal.wallet_id,
            ),
            ("does", effect_of(proposal)),
            ("reason", proposal.reason or "erased"),
            *([("evidence", _lines(proposal.evidence))] if proposal.evidence else []),
            ("proposed by", proposal.proposed_by),
            ("proposed", when(proposal.proposed_at)),
            *([("expires", when(proposal.expires_at))] if proposal.status == "open" else []),
            *stated(decided_by=proposal.decided_by),
            *([("decided", when(proposal.decided_at))] if proposal.decided_at else []),
            *stated(decision_reason=proposal.decision_reason),
            *([("carried out", when(proposal.executed_at))] if proposal.executed_at else []),
            *([_outcome(proposal.outcome)] if proposal.outcome else []),
        ]
    )
    if proposal.status == "open":
        screen.note(f"Another person decides:\n  ledger proposal approve {proposal.proposal_id}")
    elif proposal.status == "approved":
        screen.note("It could not be carried out at once; the ledger does it as soon as it can.")


def _lines(text: str) -> Cell:
    return tuple(text.splitlines())


def _outcome(outcome: Outcome) -> tuple[str, str]:
    """What came of it: the body is that of its own call, or the problem that stood against it."""
    body: dict[str, Any] = outcome.body
    if outcome.status >= 400:
        slug = str(body.get("type", "")).rsplit("/", 1)[-1]
        return "the ledger refused", f"{slug}: {body.get('detail', '')}"
    return "came to", text_of(body)


def _show_page(screen: Screen, proposals: Sequence[Proposal], me: Me) -> None:
    may_approve = "admin:approve" in me.scopes
    open_ones = [proposal for proposal in proposals if proposal.status == "open"]
    for_me = [
        proposal for proposal in open_ones if may_approve and proposal.proposed_by != me.caller
    ]
    heads = columns(
        "status", long("does"), "by", "expires (+08, UTC)", "wallet", "id", long("reason")
    )
    screen.table(heads, [_row(proposal, is_for_me=proposal in for_me) for proposal in proposals])
    others = len(open_ones) - len(for_me)
    screen.note(
        f"{len(for_me)} wait for you ({me.caller}); {others} wait for another person."
        if proposals
        else "There is nothing."
    )


def _row(proposal: Proposal, *, is_for_me: bool) -> Sequence[Cell]:
    status = proposal.status
    return (
        f"{status} for you" if is_for_me else status,
        effect_of(proposal),
        proposal.proposed_by,
        moment(proposal.expires_at) if status in {"open", "expired"} else NOTHING,
        proposal.wallet_id,
        proposal.proposal_id,
        proposal.reason or "erased",
    )
