"""The document of a call names every refusal that the core may answer its command with."""

import asyncio
from typing import Any, get_args

import pytest

from ledger.access.callers import Caller
from ledger.contract.currencies import currencies_of
from ledger.contract.operation import Call, Operation
from ledger.contract.operations import OPERATIONS, RESPONSES
from ledger.contract.problems import ProblemError
from ledger.core.decider import Command
from ledger.core.flows.adjustment import Adjust
from ledger.core.flows.due import ApplyDues
from ledger.core.flows.opening import ImportOpening
from ledger.core.flows.order import OpenMembership, OpenRecharge, SettlePayment
from ledger.core.flows.order_refund import ConfirmRefund, FailRefund
from ledger.core.flows.reversal import RestorePayment, ReversePayment
from ledger.core.flows.transfer import CompleteTransfer, ReceiveTransfer
from tests.kit.house_terms import CODES

NOT_SUBMITTED_BY_A_CALL = {
    Adjust,  # two people, by a proposal
    SettlePayment, ConfirmRefund, FailRefund, ReversePayment, RestorePayment,  # channels
    ReceiveTransfer, CompleteTransfer, ApplyDues,  # the ledger itself
    ImportOpening,  # `ledger import`
    OpenMembership,  # the call that opens a recharge, whose example is that
}  # fmt: skip


class _Submitted(Exception):  # noqa: N818 - it is no error
    """A call came as far as its command."""

    def __init__(self, command: Command) -> None:
        super().__init__(command)
        self.command = command


class _AuditLog:
    async def begin(self, _: object) -> int:
        return 1

    async def conclude(self, _: int, __: int) -> None:
        pass


class _Orders:
    async def find(self, _: str) -> Any:
        return "ann", None


class _Ledger:
    """As much of a ledger as a call needs up to its command."""

    audit_log = _AuditLog()
    orders = _Orders()

    async def submit(self, _: str, __: str, command: Command) -> Any:
        raise _Submitted(command)


def command_of(operation: Operation) -> Command | None:
    """The command that the example of a call comes to; None if the call sends none."""
    ledger: Any = _Ledger()
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    call = Call[Any, Any](
        ledger,
        currencies_of(CODES),
        RESPONSES,
        Caller("app", frozenset()),
        dict.fromkeys(names, "ann"),
        None,
        operation.example_body,
        "key",
        "request",
    )
    try:
        asyncio.run(operation.run(call))
    except _Submitted as submitted:
        return submitted.command
    except (AttributeError, ProblemError):
        return None
    raise AssertionError(f"{operation.id} was answered without a ledger")


COMMANDS = {
    operation.id: (operation, type(command))
    for operation in OPERATIONS
    if operation.needs_key and (command := command_of(operation)) is not None
}


def test_every_command_that_callers_send_is_sent_by_the_example_of_a_call() -> None:
    """So that the test below leaves none out."""
    assert {kind for _, kind in COMMANDS.values()} == set(get_args(Command)) - (
        NOT_SUBMITTED_BY_A_CALL
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_an_operation_names_the_commands_that_it_submits(name: str) -> None:
    """Their gates and refusals are documented, so none may be missing, nor another be there."""
    operation, kind = COMMANDS[name]
    kinds = {kind, OpenMembership} if kind is OpenRecharge else {kind}
    assert set(operation.commands) == kinds
