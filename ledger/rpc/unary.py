"""Unary calls: one request, one operation, one answer."""

from typing import Final

import grpc

from ledger.contract.access import check_scope
from ledger.contract.operation import NOBODY, Call
from ledger.contract.operations import RESPONSES
from ledger.contract.problems import Problem
from ledger.rpc.callers import credentials_of
from ledger.rpc.edge import Context, Edge
from ledger.rpc.methods import Method
from ledger.rpc.refusals import REPLAYED
from ledger.rpc.trace import Trace

_OK: Final = grpc.StatusCode.OK.name


class Unary:
    """Puts requests for one operation through its checks, then into it."""

    def __init__(self, edge: Edge, method: Method) -> None:
        self._edge, self._method = edge, method
        self._changes = method.operation.method == "POST"

    async def answer(self, raw: bytes, context: Context) -> bytes:
        """The response's bytes; empty where the call was refused: the context has the status."""
        with self._edge.call(context, self._method.path) as trace:
            return await self._checked(raw, context, trace)
        return b""

    async def _checked(self, raw: bytes, context: Context, trace: Trace) -> bytes:
        edge, method, operation = self._edge, self._method, self._method.operation
        edge.check_open()
        caller = NOBODY
        if not operation.public:
            caller = await credentials_of(context, trace.authorization).caller(edge.ledger)
            trace.caller = caller.name
            check_scope(caller, operation.scopes)
        message = method.parse(raw)
        trace.identify(message.request_id)
        operation_input = method.input_of(message)
        trace.wallet_id = operation_input.params.get("wallet_id", "")
        if edge.is_late(context, trace):
            return b""
        call = Call(
            edge.ledger,
            edge.currencies,
            RESPONSES,
            caller,
            operation_input.params,
            operation_input.query,
            operation_input.body,
            operation_input.key,
            trace.request_id,
        )
        running = operation.run(call)
        # A call that changes the books is run to its end; one that only reads may be cancelled.
        answer = await edge.to_the_end(running) if self._changes else await running
        if isinstance(answer.body, Problem):
            edge.refuse(context, trace, answer.body, replayed=answer.replayed)
            return b""
        trace.code = _OK
        mark = ("x-request-id", trace.request_id)
        context.set_trailing_metadata((mark, REPLAYED) if answer.replayed else (mark,))
        return method.response_bytes(answer.body, trace.request_id, replayed=answer.replayed)
