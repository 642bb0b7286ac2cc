"""`ledger adjust`, `ledger propose …`, `ledger proposal …`: what takes two people."""

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from cyclopts import App, Parameter

from ledger.cli.admin.confirming import confirm
from ledger.cli.admin.connection_options import (
    CHANGING,
    HERE,
    ChangeOptions,
    ConnectionOptions,
    Flag,
)
from ledger.cli.admin.effects import effect_of, show_effect
from ledger.cli.admin.layout import columns, time, under
from ledger.cli.admin.screen import Screen
from ledger.cli.admin.session import REFUSED, UNREACHABLE, Session, open_session, path
from ledger.cli.admin.texts import NOTHING, Cell, facts_of, moment, when
from ledger.cli.command_error import CommandError
from ledger.client import Refused

app: Final = App(name="proposal", help="What waits for a second person; approve it or reject it.")

Standing = Literal[
    "waiting", "open", "expired", "approved", "rejected", "withdrawn", "done", "refused"
]


@app.command(name="list")
async def list_(
    *,
    status: Standing = "waiting",
    all_: Flag = False,
    wallet: str | None = None,
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
        page = await session.pages(
            path("v1", "proposals"), limit, after, status=wanted, wallet_id=wallet
        )
        if session.as_json:
            session.screen.document(page)
            return
        me = await session.get(path("v1", "callers", "me"))
        _show_page(session.screen, page, me)


@app.command
async def show(proposal_id: str, *, where: ConnectionOptions = HERE) -> None:
    """Show a proposal: what it would do, why, and how it stands."""
    async with open_session(where) as session:
        session.show(await session.get(_proposal_path(proposal_id)), show_proposal)


@app.command
async def approve(
    proposal_ids: Annotated[tuple[str, ...], Parameter(name="PROPOSAL-ID")],
    /,
    *,
    reason: str | None = None,
    yes: Annotated[Flag, Parameter(alias="-y")] = False,
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
    statuses = {body["status"] for body in decided}
    if len(decided) < len(proposal_ids) or "refused" in statuses:
        sys.exit(REFUSED)
    if "approved" in statuses:
        sys.exit(UNREACHABLE)


async def _approve(
    session: Session, proposal_ids: Sequence[str], reason: str | None, key: str | None
) -> list[dict[str, Any]]:
    """The proposals as they were decided, each shown at once; a refusal ends only its own."""
    decided = []
    for proposal_id in proposal_ids:
        try:
            body = await session.post(
                _proposal_path(proposal_id, "approve"), {"reason": reason}, key=key
            )
        except Refused as refused:
            if len(proposal_ids) == 1:
                raise
            session.screen.note(f"{proposal_id}: refused ({refused.slug}): {refused.detail}")
            continue
        decided.append(body)
        if len(proposal_ids) == 1 or not session.as_json:
            session.show(body, show_proposal)
    if len(proposal_ids) > 1 and session.as_json:
        session.screen.document({"items": decided})
    return decided


@app.command
async def reject(
    proposal_id: str, *, reason: str | None = None, where: ChangeOptions = CHANGING
) -> None:
    """Reject what another person proposed; nothing is done."""
    await _decide(proposal_id, "reject", reason, where)


@app.command
async def withdraw(
    proposal_id: str, *, reason: str | None = None, where: ChangeOptions = CHANGING
) -> None:
    """Take your own proposal back."""
    await _decide(proposal_id, "withdraw", reason, where)


async def _decide(proposal_id: str, verb: str, reason: str | None, where: ChangeOptions) -> None:
    async with open_session(where) as session:
        key = where.idempotency_key
        body = await session.post(_proposal_path(proposal_id, verb), {"reason": reason}, key=key)
        session.show(body, show_proposal)


def _proposal_path(proposal_id: str, *more: str) -> str:
    return path("v1", "proposals", proposal_id, *more)


async def _preview(session: Session, proposal_id: str) -> None:
    """Show what approving would do to the wallet as it is now; on standard error, as a note."""
    proposal = await session.get(_proposal_path(proposal_id))
    wallet = await session.get(path("v1", "wallets", proposal["wallet_id"]))
    show_effect(session.screen, proposal, wallet)


def show_proposal(screen: Screen, body: Mapping[str, Any]) -> None:
    """A proposal as it stands."""
    screen.facts(
        [
            *facts_of(body, ("proposal_id", "status", "wallet_id")),
            ("does", effect_of(body)),
            ("reason", body["reason"] or "erased"),
            *([("evidence", _lines(body["evidence"]))] if body["evidence"] else []),
            ("proposed by", body["proposed_by"]),
            ("proposed", when(body["proposed_at"])),
            *([("expires", when(body["expires_at"]))] if body["status"] == "open" else []),
            *facts_of(body, ("decided_by",)),
            *([("decided", when(body["decided_at"]))] if body["decided_at"] else []),
            *facts_of(body, ("decision_reason",)),
            *([("carried out", when(body["executed_at"]))] if body["executed_at"] else []),
            *_outcome(body["outcome"]),
        ]
    )
    if body["status"] == "open":
        screen.note(f"Another person decides:\n  ledger proposal approve {body['proposal_id']}")
    elif body["status"] == "approved":
        screen.note("It could not be carried out at once; the ledger does it as soon as it can.")


def _lines(text: str) -> Cell:
    return tuple(text.splitlines())


def _outcome(outcome: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if outcome is None:
        return []
    body = outcome["body"]
    if outcome["status"] >= 400:
        slug = str(body.get("type", "")).rsplit("/", 1)[-1]
        return [("the ledger refused", f"{slug}: {body.get('detail', '')}")]
    left = body.get("available_after")
    return [] if left is None else [("available now", f"{left} {body['currency']}")]


def _show_page(screen: Screen, page: Mapping[str, Any], me: Mapping[str, Any]) -> None:
    may_approve = "admin:approve" in me["scopes"]
    for_me = [
        proposal
        for proposal in page["items"]
        if _waits_for(proposal, me["caller"], may_approve=may_approve)
    ]
    heads = columns(
        "status", "does", "by", time("expires (+08, UTC)"), under("id"), under("reason")
    )
    screen.table(
        heads, [_row(proposal, is_for_me=proposal in for_me) for proposal in page["items"]]
    )
    own = [
        proposal
        for proposal in page["items"]
        if proposal["status"] == "open" and proposal not in for_me
    ]
    screen.note(
        f"{len(for_me)} wait for you ({me['caller']}); {len(own)} wait for another person."
        if page["items"]
        else "There is nothing."
    )
    screen.following(page)


def _waits_for(proposal: Mapping[str, Any], me: str, *, may_approve: bool) -> bool:
    return may_approve and proposal["status"] == "open" and proposal["proposed_by"] != me


def _row(proposal: Mapping[str, Any], *, is_for_me: bool) -> Sequence[Cell]:
    status = proposal["status"]
    return (
        f"{status} for you" if is_for_me else status,
        f"{effect_of(proposal)}: {proposal['wallet_id']}",
        proposal["proposed_by"],
        moment(proposal["expires_at"]) if status in {"open", "expired"} else NOTHING,
        proposal["proposal_id"],
        proposal["reason"] or "erased",
    )
