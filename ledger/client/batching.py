"""Batches: commands made ahead, each with its own key, and the result of each."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from ledger.client import operations as op
from ledger.client.answers import Rows, answer_of, from_reply, unexpected
from ledger.client.attempts import error_of
from ledger.client.errors import LedgerError, OutcomeUnknown
from ledger.client.sending import Sender
from ledger.client.transport import Reply, Request

T = TypeVar("T")


class BatchCommand(Struct, Generic[T], frozen=True):
    """One command of a batch; `key` was made with it, so the same object is the same command."""

    kind: str
    wallet_id: str
    fields: Mapping[str, Any]
    key: str
    result: type[T]

    def document(self) -> dict[str, Any]:
        """The command as it is sent."""
        named = {"kind": self.kind, "idempotency_key": self.key, "wallet_id": self.wallet_id}
        return {**named, **self.fields}


class BatchResult(Struct, Generic[T], frozen=True):
    """What one command came to: its result, or `error`.

    The error is Refused, or Unavailable or OutcomeUnknown: then send the same command object again.
    """

    command: BatchCommand[T]
    answer: T | None
    error: LedgerError | None
    replayed: bool = False

    @property
    def value(self) -> T:
        """The result. Raises the error, if there is one."""
        if self.error is not None:
            raise self.error
        assert self.answer is not None
        return self.answer


class BatchCalls(Sender):
    """Batches."""

    async def batch(self, commands: Sequence[BatchCommand[T]]) -> Rows[BatchResult[T]]:
        """Run up to 10,000 commands, each standing alone; results in their order.

        Sent again as a whole until it is answered, which does nothing twice: each command has its
        key. Raises Malformed or Forbidden, naming the `index` of a command, when one of them is:
        then nothing was done. Unavailable or OutcomeUnknown are about all of them.
        """
        kept = list(commands)
        body = {"commands": [command.document() for command in kept]}

        def results(reply: Reply) -> Rows[BatchResult[T]]:
            answers = answer_of(reply, _BatchAnswer).results
            if len(answers) != len(kept):
                raise unexpected(reply, f"{len(answers)} results for {len(kept)} commands")
            each = zip(kept, answers, strict=True)
            rows = Rows(_result(command, answer, reply) for command, answer in each)
            return from_reply(rows, reply)

        return await self._sent(Request(operation=op.BATCH, body=body), results)


class _ResultAnswer(Struct, frozen=True):
    status: int
    body: Any
    replayed: bool = False


class _BatchAnswer(Struct, frozen=True, dict=True):
    results: list[_ResultAnswer]


def _result(command: BatchCommand[T], answer: _ResultAnswer, whole: Reply) -> BatchResult[T]:
    reply = replace(whole, status=answer.status, body=answer.body, replayed=answer.replayed)
    if answer.status < 300:
        return BatchResult(command, answer_of(reply, command.result), None, answer.replayed)
    request = Request(operation=op.BATCH, body={"commands": [command.document()]}, key=command.key)
    error = error_of(request, reply)
    if isinstance(error, OutcomeUnknown):
        error.decode = lambda later: _value(command, later)
    return BatchResult(command, None, error, answer.replayed)


def _value(command: BatchCommand[T], reply: Reply) -> T:
    (answer,) = answer_of(reply, _BatchAnswer).results
    return _result(command, answer, reply).value
