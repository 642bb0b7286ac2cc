"""Membership: cancel it; it is bought, extended and upgraded by orders."""

from typing import Final

from ledger.contract.answer import Answer
from ledger.contract.answers import MembershipAnswer
from ledger.contract.bodies import EmptyBody
from ledger.contract.calls import examples
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.submission import submit
from ledger.core.flows.membership import CancelMembership
from ledger.core.rejections import Reason


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
        reasons=(*CancelMembership.gates.reasons, Reason.NO_MEMBERSHIP),
        example_body=EmptyBody(),
        example_answer=examples.MEMBERSHIP,
    ),
)
