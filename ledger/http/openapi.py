"""The OpenAPI 3.1 document, made of the table of operations and of the structs that decode."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from ledger.contract.operation import Operation
from ledger.contract.problems import KINDS, Slug
from ledger.contract.refusals import slug_of
from ledger.core.rejections import Reason
from ledger.http import schemas
from ledger.http.reply import PROBLEM_JSON

Json = dict[str, Any]

PATH: Final = "/schema/openapi.json"

_DESCRIPTION: Final = (
    "A payments and virtual-currency ledger. Amounts are decimal texts and answers carry two "
    "places; times are UTC. Bodies are decoded strictly: no coercion, no unknown field, no null. "
    "Every call that changes a wallet or an order needs an Idempotency-Key: the same key with the "
    "same command is answered as it was first, with `Idempotency-Replayed: true`. Every error is "
    "problem+json. A path that is no call is 404; another method than those here is 405, with "
    "`Allow`; HEAD goes wherever GET does."
)
_OF_EVERY_CALL: Final[tuple[Slug, ...]] = ("malformed", "internal-error")
_UNAVAILABLE: Final[tuple[Slug, ...]] = ("database-unavailable", "shutting-down")
_OF_SUBMISSIONS: Final[tuple[Slug, ...]] = ("busy", "outcome-unknown", "wallet-quarantined")
# Generators leave a call out whose content type is a wildcard.
_BYTES: Final = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_PATH_WORDS: Final = {
    "wallet_id": "A wallet; it exists from its first event on",
    "hold_id": "A hold of the wallet",
    "charge_id": "A charge of the wallet",
    "transfer_id": "A transfer that the wallet sent",
    "order_id": "An order",
    "refund_id": "A refund of an order",
    "channel": "A payment channel",
    "caller_name": "A caller",
    "key_id": "A key, by its id; never the key itself",
    "proposal_id": "A proposal, as the answer to its proposer named it",
}


def document_of(operations: Sequence[Operation]) -> Json:
    """The document of these operations."""
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ledger", "version": "1.0.0", "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
        "paths": paths,
        "components": {
            "schemas": schemas.components(_kinds(operations)),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key; each has a caller, scopes and perhaps an expiry.",
                }
            },
        },
    }


def _kinds(operations: Iterable[Operation]) -> list[Any]:
    kinds = [operation.body for operation in operations if operation.body is not None]
    return [*kinds, *(kind for operation in operations for kind in operation.schemas.values())]


def _operation(operation: Operation) -> Json:
    described: Json = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": list(_parameters(operation)),
        "responses": _responses(operation),
        "security": [] if operation.public else [{"key": []}],
    }
    scopes = " or ".join(f"`{scope}`" for scope in operation.scopes)
    needs = f"Needs the scope {scopes}." if scopes else ""
    words = " ".join(part for part in (operation.description, needs) if part)
    if words:
        described["description"] = words
    body = _request_body(operation)
    return described | {"requestBody": body} if body else described


def _parameters(operation: Operation) -> Iterable[Json]:
    for name in _PARAMETER.findall(operation.path):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PATH_WORDS[name],
            "schema": schemas.ID,
        }
    query = schemas.component(operation.query)
    for name, schema in query["properties"].items():
        parameter = {
            "name": name,
            "in": "query",
            "required": name in query["required"],
            "schema": schema,
        }
        if name in operation.example_query:
            given = operation.example_query[name]
            parameter["example"] = int(given) if schema.get("type") == "integer" else given
        yield parameter
    if operation.needs_key:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": (
                "1 to 255 visible ASCII characters, bare or as a quoted string. Its scope is "
                "caller and wallet. Any text that is unique to the command will do."
            ),
            "schema": {"type": "string", "minLength": 1, "pattern": r"^[\x21-\x7e]+$"},
            "example": "019a4c7e-5b1d-7f20-83a9-7be61d4f0211",
        }


def _request_body(operation: Operation) -> Json | None:
    if operation.raw_body:
        words = "The channel's own bytes, under whatever content type it gives them"
        return {"required": True, "description": words, "content": _BYTES}
    if operation.body is None:
        return None
    return {
        "required": not operation.body_optional,
        "content": {
            "application/json": {
                "schema": schemas.reference(operation.body),
                "example": msgspec.to_builtins(operation.example_body),
            }
        },
    }


def _responses(operation: Operation) -> Json:
    responses = {
        str(status): _success(operation, kind) for status, kind in operation.schemas.items()
    }
    if operation.plain:
        content = {operation.plain: {"schema": {"type": "string"}}}
        responses["200"] = {"description": operation.summary, "content": content}
    if operation.raw_body:
        responses["default"] = {"description": "The channel's own answer"}
    by_status: dict[int, list[str]] = {}
    for slug in problems_of(operation):
        by_status.setdefault(KINDS[slug][0], []).append(slug)
    for status, slugs in sorted(by_status.items()):
        responses[str(status)] = _refusal(operation, status, slugs)
    return responses


def problems_of(operation: Operation) -> tuple[str, ...]:
    """Every problem that an operation may answer with."""
    slugs: list[Slug | Reason] = [*_OF_EVERY_CALL]
    if not operation.public:
        slugs.extend(("unauthenticated", "forbidden", "rate-limited"))
        slugs.extend(_UNAVAILABLE)
    if operation.body is not None:
        slugs.append("unsupported-media-type")
    if operation.body is not None or operation.raw_body:
        slugs.extend(("body-too-large", *_OF_SUBMISSIONS, *_UNAVAILABLE))
    if operation.needs_key:
        slugs.append(Reason.IDEMPOTENCY_KEY_REUSED)
    if operation.proposed_as is not None:
        slugs.append("approval-needed")
    slugs.extend(reason for reason in operation.refusals if reason not in operation.problems)
    slugs.extend(operation.problems)
    named = (slug_of(slug) if isinstance(slug, Reason) else slug for slug in slugs)
    return tuple(dict.fromkeys(named))


def _success(operation: Operation, kind: Any) -> Json:  # noqa: ANN401 - a type, or a union of them
    content = {
        "schema": schemas.reference(kind),
        "example": msgspec.to_builtins(operation.example_answer),
    }
    return {
        "description": operation.summary,
        "headers": _headers(replayable=operation.needs_key),
        "content": {"application/json": content},
    }


def _refusal(operation: Operation, status: int, slugs: list[str]) -> Json:
    remembered = operation.needs_key and status in {400, 402, 404, 409}
    headers = _headers(replayable=remembered)
    if status in {401, 403}:
        headers["WWW-Authenticate"] = {"schema": {"type": "string"}}
    if status in {429, 503}:
        headers["Retry-After"] = {"schema": {"type": "integer", "minimum": 1}}
    titles = "; ".join(f"`{slug}`: {KINDS[slug][1]}" for slug in slugs)
    return {
        "description": titles,
        "headers": headers,
        "content": {PROBLEM_JSON.decode(): {"schema": schemas.problem(status, slugs)}},
    }


def _headers(*, replayable: bool) -> Json:
    headers: Json = {"X-Request-Id": {"schema": {"type": "string"}}}
    if replayable:
        headers["Idempotency-Replayed"] = {
            "description": "Present when this is an earlier answer, given again",
            "schema": {"type": "string", "const": "true"},
        }
    return headers
