"""What every request is checked for before its operation runs, in one order of precedence."""

from typing import Any, Final

import structlog
from litestar import Request
from litestar.types import Receive

from ledger.contract.access import check_scope
from ledger.contract.currencies import Currencies
from ledger.contract.fields import checked_id
from ledger.contract.operation import NOBODY, Call, Operation
from ledger.contract.operations import RESPONSES
from ledger.contract.problems import ProblemError, internal_error_problem, unavailable_problem
from ledger.contract.response import Response
from ledger.engine import Unavailable
from ledger.http.auth import authenticated
from ledger.http.codec import BodyDecoder, QueryDecoder
from ledger.http.idempotency import read_key
from ledger.http.presence import unless_caller_leaves
from ledger.http.reply import Reply, reply_of
from ledger.http.request import Headers, check_content_type, read_body
from ledger.http.trace import ABANDONED, Trace, trace_of
from ledger.service import Ledger

_log: Final = structlog.get_logger("ledger.http")


class Dispatcher:
    """Puts requests for one operation through its checks, then into it."""

    def __init__(self, ledger: Ledger, currencies: Currencies, operation: Operation) -> None:
        self._ledger, self._currencies, self._operation = ledger, currencies, operation
        self._query = QueryDecoder(operation.query)
        self._body = None if operation.body is None else BodyDecoder(operation.body)

    async def reply(self, request: Request[Any, Any, Any]) -> Reply:
        """The operation's answer, or the problem that stands in its way. Never raises."""
        return reply_of(await self._answer(request))

    async def _answer(self, request: Request[Any, Any, Any]) -> Response:
        trace = trace_of(request.scope)
        trace.route = self._operation.path
        try:
            return await self._checked(request, trace)
        except ProblemError as refused:
            return refused.problem.response()
        except Unavailable as unavailable:
            return unavailable_problem(unavailable).response()
        except Exception:  # noqa: BLE001 - a bug is answered as an internal error, and leaks nothing
            _log.exception("request failed", request_id=trace.request_id, route=trace.route)
            return internal_error_problem(trace.request_id).response()

    async def _checked(self, request: Request[Any, Any, Any], trace: Trace) -> Response:
        operation, scope, headers = self._operation, request.scope, trace.headers
        caller = NOBODY
        if not operation.public:
            caller = await authenticated(self._ledger, headers)
            trace.caller = caller.name
            check_scope(caller, operation.scopes)
        params: dict[str, str] = scope["path_params"]
        for name, value in params.items():
            checked_id(value, name)
        query = self._query.decode(scope["query_string"])
        key = read_key(headers) if operation.needs_key else ""
        body, raw = await self._read(headers, request.receive)
        call = Call(
            self._ledger,
            self._currencies,
            RESPONSES,
            caller,
            params,
            query,
            body,
            key,
            trace.request_id,
            raw,
            tuple(scope["headers"]),
        )
        if not operation.waits:
            return await operation.run(call)
        answer = await unless_caller_leaves(request.receive, operation.run(call))
        return Response(ABANDONED, None) if answer is None else answer

    async def _read(self, headers: Headers, receive: Receive) -> tuple[Any, bytes]:
        operation = self._operation
        if self._body is None:
            raw = (
                await read_body(headers, receive, operation.body_max) if operation.raw_body else b""
            )
            return None, raw
        if not operation.body_optional:
            check_content_type(headers)
        raw = await read_body(headers, receive, operation.body_max)
        if operation.body_optional:
            if not raw:
                return self._body.decode(b"{}"), raw
            check_content_type(headers)
        return self._body.decode(raw), raw
