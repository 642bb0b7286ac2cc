"""The Submit call: a stream of commands, answered by a stream of their results."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

import grpc
from msgspec import Struct

from ledger.access.callers import Caller
from ledger.contract.access import check_scope
from ledger.contract.calls.batches import (
    AnyBatchCommand,
    BatchAnswer,
    BatchBody,
    ResultAnswer,
    command_of,
    scopes_of,
)
from ledger.contract.operation import BODY_MAX, Call, NoQuery, Operation
from ledger.contract.operations import RESPONSES
from ledger.contract.problems import Problem, ProblemError, unavailable_problem
from ledger.engine import Unavailable
from ledger.rpc.callers import Credentials, credentials_of
from ledger.rpc.edge import Context, Edge
from ledger.rpc.methods import KEY, converted, parsed, plain_of, read_strictly
from ledger.rpc.trace import Trace
from ledger.v1.codec import request_reader, writer_of
from ledger.v1.generation_pb2 import Command, CommandResult, SubmitRequest, SubmitResponse

PATH: Final = "/ledger.v1.GenerationService/Submit"

AT_ONCE: Final = 256
"""How many commands of a stream are run together; as many more may wait for their turn."""

COMMAND_BYTES: Final = 4 * 1024
"""More than any command needs: what waits in memory is bounded by it."""

_read: Final = request_reader(Command.DESCRIPTOR)
_write: Final = writer_of(CommandResult.DESCRIPTOR)


class QueuedCommand(Struct, frozen=True):
    """A command of a stream by its number and key: what is to be done, or why it is refused."""

    sequence: int
    key: str
    entry: AnyBatchCommand | Problem


class CommandQueue:
    """The commands of one stream that were queued and are not run yet."""

    def __init__(self, context: Context) -> None:
        self.arrived = asyncio.Event()
        self._context = context
        self._queue: deque[QueuedCommand] = deque()
        self._room = asyncio.Event()
        self._over = False
        self._broken: ProblemError | None = None

    async def receive(self) -> None:
        """Read commands while there is room for them, until the caller has no more."""
        try:
            while (raw := await self._context.read()) is not grpc.aio.EOF:
                while len(self._queue) >= AT_ONCE:
                    self._room.clear()
                    await self._room.wait()
                self._queue.append(_queued(raw))
                self.arrived.set()
        except ProblemError as broken:
            self._broken = broken
        finally:
            self._over = True
            self.arrived.set()

    def take(self) -> list[QueuedCommand]:
        """Take all queued commands, in their order; this makes room for others."""
        taken = list(self._queue)
        self._queue.clear()
        self._room.set()
        if not self._over:
            self.arrived.clear()
        return taken

    def end(self) -> bool:
        """Whether all commands were taken and no more will come.

        Raises ProblemError if the stream ended with bytes that are no message.
        """
        if self._over and not self._queue and self._broken is not None:
            raise self._broken
        return self._over and not self._queue


def _queued(raw: bytes) -> QueuedCommand:
    """A message as a queued command. Raises ProblemError for one that cannot even be read."""
    message = parsed(SubmitRequest, raw, BODY_MAX)
    key, entry = "", message.command
    try:
        if len(raw) > COMMAND_BYTES:
            parsed(SubmitRequest, raw, COMMAND_BYTES)
        values = read_strictly(_read, entry)
        key = values.get(KEY, "")
        return QueuedCommand(message.sequence, key, converted(values, AnyBatchCommand))
    except ProblemError as refused:
        return QueuedCommand(message.sequence, key, refused.problem)


class CommandStream:
    """Streams of commands. What waits is run together, as a batch would be, in its order."""

    def __init__(self, edge: Edge, operation: Operation) -> None:
        self._edge, self._operation = edge, operation

    async def submit(self, _: object, context: Context) -> None:
        """Run commands until the caller has no more, or a refusal, in the context, ends it."""
        edge = self._edge
        with edge.stream(context, PATH) as trace:
            edge.admit_stream()
            credentials = credentials_of(context, trace.authorization)
            trace.caller = (await credentials.recheck(edge.ledger)).name
            # Metadata first: the caller knows that its stream was accepted before any result.
            await context.send_initial_metadata((("x-request-id", trace.request_id),))
            queue = CommandQueue(context)
            receiving = asyncio.create_task(queue.receive())
            try:
                with edge.woken(queue.arrived):
                    while not queue.end():
                        await queue.arrived.wait()
                        edge.check_open()
                        for response in await self._run(queue.take(), credentials, trace):
                            await context.write(response)
            finally:
                receiving.cancel()
                await asyncio.gather(receiving, return_exceptions=True)
            trace.code = grpc.StatusCode.OK.name

    async def _run(
        self, chunk: Sequence[QueuedCommand], credentials: Credentials, trace: Trace
    ) -> list[bytes]:
        """The responses to commands, in their order."""
        if not chunk:
            return []
        try:
            caller = await credentials.caller(self._edge.ledger)
        except ProblemError as refused:
            if refused.problem.slug != "rate-limited":
                raise
            return [_response(queued, _refused(refused.problem)) for queued in chunk]
        checked = [self._checked(queued, caller) for queued in chunk]
        sound = [entry for entry in checked if not isinstance(entry, Problem)]
        # What was begun is done, whether or not the caller still waits for the result.
        results = iter(await self._edge.to_the_end(self._results(sound, caller, trace)))
        return [
            _response(queued, _refused(entry) if isinstance(entry, Problem) else next(results))
            for queued, entry in zip(chunk, checked, strict=True)
        ]

    def _checked(self, queued: QueuedCommand, caller: Caller) -> AnyBatchCommand | Problem:
        """The command, or the problem for which its caller may not have it or it cannot be made."""
        if isinstance(queued.entry, Problem):
            return queued.entry
        try:
            check_scope(caller, scopes_of(queued.entry))
            command_of(queued.entry, self._edge.currencies.numbers)
        except ProblemError as refused:
            return refused.problem
        return queued.entry

    async def _results(
        self, entries: list[AnyBatchCommand], caller: Caller, trace: Trace
    ) -> list[ResultAnswer]:
        if not entries:
            return []
        edge = self._edge
        ledger, currencies, request_id = edge.ledger, edge.currencies, trace.request_id
        body = BatchBody(entries)
        call = Call(ledger, currencies, RESPONSES, caller, {}, NoQuery(), body, "", request_id)
        try:
            answer = await self._operation.run(call)
        except ProblemError as refused:
            return [_refused(refused.problem)] * len(entries)
        except Unavailable as unavailable:
            return [_refused(unavailable_problem(unavailable))] * len(entries)
        assert isinstance(answer.body, BatchAnswer)
        return answer.body.results


def _refused(problem: Problem) -> ResultAnswer:
    return ResultAnswer(problem.status, problem.document(), replayed=False)


def _response(queued: QueuedCommand, result: ResultAnswer) -> bytes:
    outcome = CommandResult(**_write(plain_of(result)))
    response = SubmitResponse(sequence=queued.sequence, idempotency_key=queued.key, result=outcome)
    return response.SerializeToString()
