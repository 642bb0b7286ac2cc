"""Every method of the SDK against the contract: what it sends, and what it makes of the answer.

The ledger here is its own OpenAPI document: each call is answered with the example in it.
"""

import inspect
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any, get_args, get_type_hints

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest

from ledger.client import LedgerClient, Page, UnexpectedAnswer, batch, operations
from ledger.client.batching import BatchCommand
from ledger.client.calls import ContractCalls
from ledger.client.rpc import message_of
from ledger.client.sync import SyncLedgerClient
from ledger.client.transport import Operation, Reply, Request
from ledger.contract.calls.batches import AnyBatchCommand
from ledger.contract.calls.orders import EXAMPLE_RECHARGE
from ledger.http.openapi import document_of
from ledger.http.operations import OPERATIONS as CONTRACT

DOCUMENT = document_of(CONTRACT)
OPERATIONS = [value for value in vars(operations).values() if isinstance(value, Operation)]
METHODS = {
    name: method
    for name, method in vars(ContractCalls).items()
    if inspect.isfunction(method) and not name.startswith("_")
}
NOT_GENERATED = {"notify", "metrics", "batch", "readEvents"}
"""Calls without a generated method: two are no JSON, two are written by hand."""

HTTP_ONLY = {operation.id for operation in CONTRACT if operation.only_http}

GIVEN: dict[str, Any] = {
    "amount": "1.5",
    "channel": "sandbox",
    "currency": "INSPIRATION",
    "from_currency": "KUAIBI",
    "to_currency": "INSPIRATION",
    "direction": "credit",
    "expires_in_s": 3_600,
    "kind": "sku",
    "overlap_s": 60,
    "page_size": 7,
    "period": "month",
    "plan": "gold",
    "price_cny": 10,
    "refunds": "succeed",
    "scopes": ["wallet:read"],
    "source": "promotional",
    "status": "open",
    "valid_for_s": 60,
    "stopped": True,
}
"""Arguments that the contract takes, by name; others are made by their type."""

BY_TYPE: dict[Any, Any] = {
    str: "x",
    int: 2,
    bool: True,
    date: date(2026, 3, 1),
    datetime: datetime(2026, 3, 1, 9, tzinfo=UTC),
}
_RECHARGE = msgspec.to_builtins(EXAMPLE_RECHARGE)
NOT_OF_MEMBERSHIPS = {"currency", "amount", "claim_repaid_cny"}
MEMBERSHIP = {
    **{key: item for key, item in _RECHARGE.items() if key not in NOT_OF_MEMBERSHIPS},
    "kind": "membership",
    "plan": "gold",
    "period": "month",
    "months": 1,
    "list_price_cny": "66.00",
    "promotion": None,
    "upgrade_from": None,
}
EITHER = {"sku", "quantity", "at"}
"""Parameters that others stand for, where both are there."""


def call_of(operation: Operation) -> dict[str, Any]:
    """A call in the document."""
    call: dict[str, Any] = DOCUMENT["paths"][operation.path][operation.method.lower()]
    return call


def example_of(request: Request) -> Any:
    """The answer that the document gives as an example; it has one kind of order only."""
    if (request.body or {}).get("kind") == "membership":
        return MEMBERSHIP
    responses = call_of(request.operation)["responses"]
    success = next(answer for status, answer in responses.items() if status.startswith("2"))
    return deepcopy(success["content"]["application/json"]["example"])


class Example:
    """A transport to a ledger that answers every call with the example of the document."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: dict[str, Any] = {}
        self.pages: dict[str, list[str | None]] = {}
        """The cursors that a list's next pages end with."""

    async def send(self, request: Request, timeout_s: float, context: Mapping[str, str]) -> Reply:
        """The example, or what was put in its place."""
        del timeout_s, context
        self.requests.append(request)
        name = request.operation.name
        body = self.answers[name] if name in self.answers else example_of(request)
        if self.pages.get(name):
            body["next"] = self.pages[name].pop(0)
        return Reply(status=200, body=body, request_id=request.request_id, replayed=True)

    def watch(self, request: Request, timeout_s: float) -> AsyncGenerator[Reply, None]:
        """Nothing here follows the log."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Nothing is open."""


@pytest.fixture
async def examples() -> AsyncIterator[tuple[LedgerClient, Example]]:
    """A client of that ledger."""
    transport = Example()
    async with LedgerClient("http://example", transport=transport) as client:
        yield client, transport


def arguments_of(method: Any) -> dict[str, Any]:
    """Arguments for all parameters of a method that may stand beside each other."""
    hints = get_type_hints(method)
    names = [name for name in inspect.signature(method).parameters if name != "self"]
    if "currency" in names or "advance_s" in names:
        names = [name for name in names if name not in EITHER]
    return {name: GIVEN[name] if name in GIVEN else made(hints[name]) for name in names}


def made(hint: Any) -> Any:
    """A value of a type, or of the first member of a union that has one here."""
    members = getattr(hint, "__args__", (hint,))
    return next((BY_TYPE[member] for member in members if member in BY_TYPE), "1.5")


async def called(client: LedgerClient, name: str) -> Any:
    """The result of a method, or the items that it iterates over."""
    result = getattr(client, name)(**arguments_of(METHODS[name]))
    if inspect.isasyncgen(result):
        return [item async for item in result]
    return await result


def test_every_call_is_where_the_contract_has_it() -> None:
    """Same name, method and path; a key where the contract needs one, and only there."""
    for operation in OPERATIONS:
        call = call_of(operation)
        assert call["operationId"] == operation.name
        headers = {parameter.get("name", "").lower() for parameter in call.get("parameters", [])}
        assert ("idempotency-key" in headers) == operation.keyed, operation.name
        assert operation.repeatable >= (operation.method == "GET")


async def test_every_call_of_the_contract_has_a_method(
    examples: tuple[LedgerClient, Example],
) -> None:
    """A call that is added to the contract is in the SDK, or this says which is not."""
    client, transport = examples
    for name in METHODS:
        await called(client, name)
    named = {request.operation.name for request in transport.requests}
    assert named == {operation.id for operation in CONTRACT} - NOT_GENERATED
    for name in [*METHODS, "batch", "events", "events_page", "hold", "request", "resolve"]:
        twin = getattr(SyncLedgerClient, name)
        assert twin.__doc__ == getattr(LedgerClient, name).__doc__


@pytest.mark.parametrize("name", METHODS)
async def test_a_method_sends_what_the_contract_takes(
    examples: tuple[LedgerClient, Example], name: str
) -> None:
    """Every field of the body and every parameter of the query can be given, in its shape."""
    client, transport = examples
    await called(client, name)
    request = transport.requests[-1]
    call = call_of(request.operation)
    of_query = {each["name"]: each for each in call["parameters"] if each.get("in") == "query"}
    for parameter, text in request.query.items():
        schema = of_query[parameter]["schema"]
        jsonschema.validate(int(text) if schema.get("type") == "integer" else text, schema)
    if "requestBody" in call:
        schema = call["requestBody"]["content"]["application/json"]["schema"]
        jsonschema.validate(request.body, schema | {"components": DOCUMENT["components"]})
    assert set(re.findall(r"{(\w+)}", request.operation.path)) == set(request.parameters)
    if request.operation.name not in HTTP_ONLY:
        message_of(request)


def fields_of(schema: dict[str, Any]) -> set[str]:
    """The fields that a body may have, in whichever of its shapes; its kind is in the name."""
    if "$ref" in schema:
        return fields_of(DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]])
    inner = [
        fields_of(each) for word in ("anyOf", "oneOf", "allOf") for each in schema.get(word, [])
    ]
    return set(schema.get("properties", {})).union(*inner)


async def test_nothing_that_a_call_takes_is_out_of_reach(
    examples: tuple[LedgerClient, Example],
) -> None:
    """The parameters of a call's methods are the fields of its body and its query."""
    client, transport = examples
    reached: dict[str, set[str]] = {}
    for name, method in METHODS.items():
        await called(client, name)
        operation = transport.requests[-1].operation
        parameters = set(inspect.signature(method).parameters)
        reached.setdefault(operation.name, set()).update(parameters)
    for operation in OPERATIONS:
        if operation.name in NOT_GENERATED:
            continue
        call = call_of(operation)
        of_query = {each["name"] for each in call["parameters"] if each.get("in") == "query"}
        body = call.get("requestBody", {"content": {"application/json": {"schema": {}}}})
        wanted = of_query | fields_of(body["content"]["application/json"]["schema"])
        if operation.name == "listHolds":
            wanted.remove("status")  # open is all that it can be
        if operation.name == "propose":
            wanted -= fields_of({"$ref": "#/components/schemas/ProposedAdjustmentBody"})
        if operation.name in {"openOrder", "propose"}:
            wanted.discard("kind")  # each has a method of its own
        wanted_names = {"day" if field == "date" else field for field in wanted}
        assert wanted_names <= reached[operation.name], operation.name


@pytest.mark.parametrize("name", METHODS)
async def test_a_result_has_all_that_the_answer_says(
    examples: tuple[LedgerClient, Example], name: str
) -> None:
    """Field by field as the example has it, and the request's id beside it."""
    client, transport = examples
    result = await called(client, name)
    example = example_of(transport.requests[-1])
    if isinstance(result, list):
        assert same(result, example["items"])
        return
    plain = {"items": result} if isinstance(result, tuple) else result
    assert same(plain, example)
    assert result.document == example
    assert result.replayed
    assert result.request_id == transport.requests[-1].request_id is not None


def same(result: Any, answer: Any) -> bool:
    """Whether a result says all of an answer: null is None, [] is (), and amounts are equal."""
    plain = msgspec.to_builtins(result, builtin_types=(datetime,))
    if isinstance(answer, dict):
        return isinstance(plain, dict) and all(
            same(plain.get(name), value) for name, value in answer.items() if name != "next"
        )
    if isinstance(answer, list):
        return len(plain) == len(answer) and all(map(same, plain, answer))
    if isinstance(plain, datetime):
        return plain == datetime.fromisoformat(answer)
    return bool(plain == answer)


def with_news(value: Any, within: str = "") -> Any:
    """An answer of a newer ledger: every closed set has one more value, every object a field.

    `within` is the name of a mapping, whose keys are values.
    """
    if isinstance(value, dict):
        if within:
            inner = "" if within == "balances" else within
            return {key: with_news(item, inner) for key, item in value.items()}
        mapping = {"balances", "attributes", "prices_cny"}
        newer = {
            key: item if key == "kind" else with_news(item, key if key in mapping else "")
            for key, item in value.items()
        }
        return newer | {"news": {"of": "tomorrow"}}
    if isinstance(value, list):
        return [with_news(item) for item in value]
    is_word = isinstance(value, str) and re.fullmatch(r"[a-z_]+", value)
    return f"{value}_next" if is_word else value


@pytest.mark.parametrize("name", METHODS)
async def test_a_newer_ledger_is_understood(
    examples: tuple[LedgerClient, Example], name: str
) -> None:
    """An unknown status, source or kind of thing is a text; an unknown field is in `document`."""
    client, transport = examples
    await called(client, name)
    operation = transport.requests[-1].operation
    transport.answers[operation.name] = with_news(example_of(transport.requests[-1]))
    result = await called(client, name)
    if not isinstance(result, list):
        assert result.document["news"] == {"of": "tomorrow"}


async def test_an_answer_of_another_shape_names_its_request(
    examples: tuple[LedgerClient, Example],
) -> None:
    """Support can find it in the ledger's log."""
    client, transport = examples
    transport.answers["debit"] = {"charge_id": 7}
    with pytest.raises(UnexpectedAnswer) as unexpected:
        await client.debit("w", sku="image")
    assert unexpected.value.request_id == transport.requests[-1].request_id


async def test_every_page_leads_to_the_next(examples: tuple[LedgerClient, Example]) -> None:
    """Lists with pages have a method for one page, and one that goes through them all."""
    client, transport = examples
    paged = [name for name in METHODS if name.endswith("_page")]
    assert len(paged) == 8
    for name in paged:
        page = await called(client, name)
        assert isinstance(page, Page)
        request = transport.requests[-1]
        transport.pages[request.operation.name] = ["cursor", None]
        items = await called(client, name.removesuffix("_page"))
        first, second = transport.requests[-2:]
        assert ("after" in first.query, second.query["after"]) == (False, "cursor")
        assert len(items) == 2 * len(page.items) > 0


def test_a_batch_takes_every_kind_of_command() -> None:
    """Each as the document has it."""
    made_commands = [
        function(**arguments_of(function))
        for function in vars(batch).values()
        if inspect.isfunction(function) and function.__module__ == batch.__name__
    ]
    assert all(isinstance(command, BatchCommand) for command in made_commands)
    documents = [command.document() for command in made_commands]
    schema = {"$ref": "#/components/schemas/BatchBody", "components": DOCUMENT["components"]}
    jsonschema.validate({"commands": documents}, schema)
    kinds = {str(kind.__struct_config__.tag) for kind in get_args(AnyBatchCommand)}
    assert {document["kind"] for document in documents} == kinds
