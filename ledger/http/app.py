"""The Litestar application: routes made of the table of operations, and what surrounds them."""

from typing import Any, Final

from litestar import Litestar, Request
from litestar import Response as HttpResponse
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Method

from ledger.contract.currencies import currencies_of
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.problems import Problem, internal_error_problem, problem
from ledger.contract.response import Response, encode
from ledger.http.dispatch import Dispatcher
from ledger.http.edge import Edge
from ledger.http.openapi import PATH, document_of
from ledger.http.operations import operations_for
from ledger.http.reply import JSON, PROBLEM_JSON
from ledger.http.trace import trace_of
from ledger.service import Ledger

_METHODS: Final[dict[str, list[Method]]] = {"GET": ["GET", "HEAD"], "POST": ["POST"]}


def create_app(ledger: Ledger) -> Edge:
    """The ASGI application of a ledger that is open."""
    operations = operations_for(in_development=ledger.facts.development)
    currencies = currencies_of(ledger.catalogue.currency_codes())
    described = _document(encode(document_of(operations)))
    routes = Litestar(
        [
            _route(operation, Dispatcher(ledger, currencies, operation))
            for operation in (*operations, described)
        ],
        openapi_config=None,
        logging_config=None,
        exception_handlers={HTTPException: _unrouted, Exception: _failed},
    )
    return Edge(ledger, routes)


def _route(operation: Operation, dispatcher: Dispatcher) -> HTTPRouteHandler:
    async def handle(request: Request[Any, Any, Any]) -> ASGIApp:
        return await dispatcher.reply(request)

    return HTTPRouteHandler(
        operation.path.replace("}", ":str}"),
        http_method=_METHODS[operation.method],
        name=operation.id,
    )(handle)


def _document(document: bytes) -> Operation:
    async def run(_: Call[None, NoQuery]) -> Response:
        return Response(200, document, media_type=JSON)

    return Operation(
        id="document",
        method="GET",
        path=PATH,
        tag="Probes",
        summary="This document",
        run=run,
        public=True,
        only_http=True,
        answers={},
    )


def _unrouted(request: Request[Any, Any, Any], error: HTTPException) -> HttpResponse[bytes]:
    """What the router itself refuses: no such path, no such method, no such host."""
    if error.status_code == 404:
        detail = "There is no such call. GET /schema/openapi.json lists those there are."
        return _response(problem("not-found", detail, what="path"))
    if error.status_code == 405:
        allowed = (error.headers or {}).get("allow", "")
        detail = f"{request.method} is not for this path. It takes {allowed}."
        return _response(problem("method-not-allowed", detail), {"allow": allowed})
    return _response(problem("malformed", f"{error.detail}."))


def _failed(request: Request[Any, Any, Any], _: Exception) -> HttpResponse[bytes]:
    return _response(internal_error_problem(trace_of(request.scope).request_id))


def _response(refusal: Problem, headers: dict[str, str] | None = None) -> HttpResponse[bytes]:
    return HttpResponse(
        encode(refusal.document()),
        status_code=refusal.status,
        media_type=PROBLEM_JSON.decode(),
        headers=headers,
    )
