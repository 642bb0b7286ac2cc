"""Membership: cancel it; it is bought, extended and upgraded by orders."""

from typing import Final

from ledger.core.flows.membership import CancelMembership
from ledger.core.rejections import Reason
from ledger.http.answer import Answer
from ledger.http.answers import MembershipAnswer
from ledger.http.bodies import EmptyBody
from ledger.http.operation import Call, NoQuery, Operation
from ledger.http.routes import examples
from ledger.http.routes.gates import CHANGES
from ledger.http.submission import submit


async def cancel(call: Call[EmptyBody, NoQuery]) -> Answer:
    """Let the membership end after what was paid."""
    return await submit(call, CancelMembership(call.params["wallet_id"]))


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
        answers={200: MembershipAnswer},
        reasons=(*CHANGES, Reason.NO_MEMBERSHIP),
        example_body=EmptyBody(),
        example_answer=examples.MEMBERSHIP,
    ),
)
