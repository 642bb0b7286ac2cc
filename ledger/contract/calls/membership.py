"""Membership: cancel it; it is bought, extended and upgraded by orders."""

from typing import Final, Literal

from msgspec import Struct

from ledger.contract.examples import ORDER
from ledger.contract.fields import Moment
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.response import Response
from ledger.contract.shared import Codes, EmptyBody
from ledger.contract.submission import submit
from ledger.core.flows.membership import (
    CancelMembership,
    MembershipCancelled,
    due_at,
    ends_at,
    granting,
    standing,
)
from ledger.core.instants import format_instant
from ledger.core.purchases import Membership, MembershipTerm


class QueuedAnswer(Struct, frozen=True):
    """A paid term that begins when those before it are over."""

    order_id: str
    plan: str
    period: str
    months: int


class UpgradeAnswer(Struct, frozen=True):
    """A paid upgrade: the difference to `plan`, granted beside the term in force."""

    order_id: str
    plan: str
    months: int
    months_granted: int


class MembershipAnswer(Struct, frozen=True):
    """A running membership.

    `plan` and `entitlements` are what is in force, upgrades included; `period`, `months` and
    `months_granted` are of the term that runs; `queued` are the paid terms behind it; `ends_at` is
    the end of all that is paid. Without `renews` it ends there.
    """

    plan: str
    status: Literal["active"]
    period: str
    started_at: Moment
    ends_at: Moment
    next_grant_at: Moment | None
    months: int
    months_granted: int
    renews: bool
    entitlements: list[str]
    queued: list[QueuedAnswer]
    upgrades: list[UpgradeAnswer]


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


def render_cancelled_membership(_: str, event: MembershipCancelled, __: Codes) -> MembershipAnswer:
    """The answer to a cancellation."""
    return render_membership(event.membership)


async def cancel(call: Call[EmptyBody, NoQuery]) -> Response:
    """Let the membership end after what was paid."""
    return await submit(call, CancelMembership(call.params["wallet_id"]))


EXAMPLE_MEMBERSHIP: Final = MembershipAnswer(
    plan="platinum",
    status="active",
    period="month",
    started_at="2026-03-01T00:30:00Z",
    ends_at="2026-07-01T00:30:00Z",
    next_grant_at="2026-04-01T00:30:00Z",
    months=1,
    months_granted=1,
    renews=False,
    entitlements=["watermark_removal", "video_extension"],
    queued=[QueuedAnswer(ORDER, "gold", "quarter", 3)],
    upgrades=[],
)


OPERATIONS: Final = (
    Operation(
        id="cancelMembership",
        method="POST",
        path="/v1/wallets/{wallet_id}/membership/cancel",
        tag="Orders",
        summary="Let a membership end after what was paid",
        description="It renews no more; nothing that was paid is taken away.",
        run=cancel,
        scopes=("order:write",),
        body=EmptyBody,
        body_optional=True,
        needs_key=True,
        responds={MembershipCancelled: (200, render_cancelled_membership)},
        commands=(CancelMembership,),
        example_body=EmptyBody(),
        example_answer=EXAMPLE_MEMBERSHIP,
    ),
)
