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
from ledger.cli.admin.session import AWAY, REFUSED, Session, asking, path
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
    async with asking(where) as asked:
        page = await asked.pages(
            path("v1", "proposals"), limit, after, status=wanted, wallet_id=wallet
        )
        if asked.as_json:
            asked.screen.document(page)
            return
        me = await asked.get(path("v1", "callers", "me"))
        _tell_page(asked.screen, page, me)


@app.command
async def show(proposal_id: str, *, where: ConnectionOptions = HERE) -> None:
    """Show a proposal: what it would do, why, and how it stands."""
    async with asking(where) as asked:
        asked.show(await asked.get(_place(proposal_id)), show_proposal)


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
    async with asking(where) as asked:
        if not yes:
            for proposal_id in proposal_ids:
                await _preview(asked, proposal_id)
            many = len(proposal_ids)
            what = "this proposal" if many == 1 else f"these {many} proposals"
            confirm(asked.screen, f"Approve {what}, and have it done now?", yes=False)
        decided = await _approve(asked, proposal_ids, reason, where.idempotency_key)
    statuses = {body["status"] for body in decided}
    if len(decided) < len(proposal_ids) or "refused" in statuses:
        sys.exit(REFUSED)
    if "approved" in statuses:
        sys.exit(AWAY)


async def _approve(
    asked: Session, proposal_ids: Sequence[str], reason: str | None, key: str | None
) -> list[dict[str, Any]]:
    """Those that could be decided on, each told as soon as it is; a refusal ends only its own."""
    decided = []
    for proposal_id in proposal_ids:
        try:
            body = await asked.post(_place(proposal_id, "approve"), {"reason": reason}, key=key)
        except Refused as refused:
            if len(proposal_ids) == 1:
                raise
            asked.screen.note(f"{proposal_id}: refused ({refused.slug}): {refused.detail}")
            continue
        decided.append(body)
        if len(proposal_ids) == 1 or not asked.as_json:
            asked.show(body, show_proposal)
    if len(proposal_ids) > 1 and asked.as_json:
        asked.screen.document({"items": decided})
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
    async with asking(where) as asked:
        key = where.idempotency_key
        body = await asked.post(_place(proposal_id, verb), {"reason": reason}, key=key)
        asked.show(body, show_proposal)


def _place(proposal_id: str, *more: str) -> str:
    return path("v1", "proposals", proposal_id, *more)


async def _preview(asked: Session, proposal_id: str) -> None:
    """What approving would do, on the wallet as it is now; told beside the answer, not in it."""
    proposal = await asked.get(_place(proposal_id))
    wallet = await asked.get(path("v1", "wallets", proposal["wallet_id"]))
    show_effect(asked.screen, proposal, wallet)


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
    told = outcome["body"]
    if outcome["status"] >= 400:
        slug = str(told.get("type", "")).rsplit("/", 1)[-1]
        return [("the ledger refused", f"{slug}: {told.get('detail', '')}")]
    left = told.get("available_after")
    return [] if left is None else [("available now", f"{left} {told['currency']}")]


def _tell_page(screen: Screen, page: Mapping[str, Any], me: Mapping[str, Any]) -> None:
    may_approve = "admin:approve" in me["scopes"]
    for_me = [
        one for one in page["items"] if _waits_for(one, me["caller"], may_approve=may_approve)
    ]
    heads = columns(
        "status", "does", "by", time("expires (+08, UTC)"), under("id"), under("reason")
    )
    screen.table(heads, [_row(one, is_for_me=one in for_me) for one in page["items"]])
    own = [one for one in page["items"] if one["status"] == "open" and one not in for_me]
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
