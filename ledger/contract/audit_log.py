"""Audit: administrative calls are written down before they run, and what came of them after."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ledger.contract.operation import Call, Operation
from ledger.contract.problems import KINDS, ProblemError, problem, unavailable_problem
from ledger.contract.response import Response
from ledger.engine import Unavailable
from ledger.store.audit_log import NewAct

_WORDS: Final = frozenset({"reason", "evidence"})
"""Fields with what people wrote. Of a wallet that is personal data, kept where it is erased."""


def with_acts(operation: Operation) -> Operation:
    """The operation with its entry in the audit list, whichever edge runs it."""
    if not operation.audited and not operation.audited_for_people:
        return operation

    async def run(call: Call[Any, Any]) -> Response:
        # The caller of a development ledger stands for programs too, which grant by the thousand.
        if operation.audited or call.caller.kind == "person":
            return await _written_down(operation, call)
        return await operation.run(call)

    return replace(operation, run=run)


async def _written_down(operation: Operation, call: Call[Any, Any]) -> Response:
    act_id = await call.ledger.audit_log.begin(_act(operation, call))
    status = None
    try:
        _check_alone(operation, call)
        answer = await operation.run(call)
        status = answer.status
    except ProblemError as refused:
        status = refused.problem.status
        raise
    except Unavailable as away:
        status = unavailable_problem(away).status
        raise
    except Exception:
        status = KINDS["internal-error"][0]
        raise
    finally:
        if status is not None:
            await call.ledger.audit_log.conclude(act_id, status)
    return answer


def _check_alone(operation: Operation, call: Call[Any, Any]) -> None:
    """Raises ProblemError where a person would do alone what another must approve."""
    if operation.proposed_as is None or call.caller.kind != "person":
        return
    detail = (
        f"{operation.id} takes two people: propose it with POST /v1/proposals and the kind "
        f"{operation.proposed_as}, and have another person approve it."
    )
    raise ProblemError(problem("approval-needed", detail, kind=operation.proposed_as))


def _act(operation: Operation, call: Call[Any, Any]) -> NewAct:
    given: dict[str, Any] = msgspec.to_builtins(call.body) if isinstance(call.body, Struct) else {}
    subject = operation.subject(call) if operation.subject is not None else _first(call)
    detail = {
        name: len(value) if _is_long(value) else value
        for name, value in given.items()
        if name not in _WORDS or operation.keeps_words
    }
    if call.key:
        detail["idempotency_key"] = call.key
    return NewAct(
        call.caller.name,
        operation.id,
        subject,
        {**detail, "key_id": call.caller.key_id},
        call.request_id,
    )


def _first(call: Call[Any, Any]) -> str:
    return next(iter(call.params.values()), "")


def _is_long(value: object) -> bool:
    """Whether these are the commands of a batch, of which their number will do."""
    return isinstance(value, Sequence) and any(isinstance(entry, dict) for entry in value)
