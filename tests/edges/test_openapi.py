"""The document: valid, complete, and true of the examples that it shows."""

import importlib
import itertools
import json
import pkgutil
from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.schemas import schema_v31

import ledger.contract
from ledger.contract import operations
from ledger.contract.calls.batches import AnyBatchCommand
from ledger.contract.calls.charges import DebitBody, price_fields
from ledger.contract.calls.holds import HoldBody
from ledger.contract.operation import Operation
from ledger.contract.problems import KINDS, TYPE_BASE, ProblemError
from ledger.contract.response import encode
from ledger.http.codec import BodyDecoder
from ledger.http.openapi import document_of, problems_of
from ledger.http.operations import OPERATIONS, operations_for

DOCUMENT: dict[str, Any] = json.loads(encode(document_of(OPERATIONS)))
IDS = [operation.id for operation in OPERATIONS]


def described(operation: Operation) -> dict[str, Any]:
    """What the document says of an operation."""
    description: dict[str, Any] = DOCUMENT["paths"][operation.path][operation.method.lower()]
    return description


def check(example: object, schema: dict[str, Any]) -> None:
    """The example is one of the schema's, references resolved within the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(whole).validate(example)


def is_valid(body: object, component: str) -> bool:
    """Whether a body is one of a component's."""
    schema = {"$ref": f"#/components/schemas/{component}", "components": DOCUMENT["components"]}
    valid: bool = jsonschema.Draft202012Validator(schema).is_valid(body)
    return valid


def forms_of(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The objects that a schema is a choice of; itself if it is none."""
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "oneOf" not in schema:
        yield schema
    for member in schema.get("oneOf", []):
        yield from forms_of(member)


@pytest.mark.rules
def test_the_document_has_the_form_of_its_standard() -> None:
    """OpenAPI 3.1, as its schema says."""
    jsonschema.Draft202012Validator(schema_v31).validate(DOCUMENT)


@pytest.mark.rules
def test_the_document_is_valid() -> None:
    """OpenAPI 3.1, every reference followed and every example looked at."""
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_every_operation_is_in_the_document_under_an_id_of_its_own() -> None:
    """The table makes routes and document alike."""
    assert len(set(IDS)) == len(IDS)
    count = sum(len(methods) for methods in DOCUMENT["paths"].values())
    assert count == len(OPERATIONS)
    for operation in OPERATIONS:
        assert described(operation)["operationId"] == operation.id


def test_production_has_no_development_calls() -> None:
    """The clock and the sandbox's own calls exist only in a development ledger."""
    hidden = {operation.id for operation in OPERATIONS} - {
        operation.id for operation in operations_for(in_development=False)
    }
    assert hidden == {
        "moveClock",
        "paySandboxOrder",
        "chargeBackSandboxOrder",
        "reverseSandboxChargeback",
        "confirmSandboxRefund",
        "failSandboxRefund",
        "setSandboxBehaviour",
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_examples_validate_against_their_schemas(operation: Operation) -> None:
    """What a reader copies works."""
    spec = described(operation)
    if operation.body is not None:
        content = spec["requestBody"]["content"]["application/json"]
        check(content["example"], content["schema"])
    for status in operation.schemas:
        content = spec["responses"][str(status)]["content"]["application/json"]
        check(content["example"], content["schema"])
    for parameter in spec["parameters"]:
        if "example" in parameter:
            check(parameter["example"], parameter["schema"])


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_every_problem_that_can_come_is_declared_with_its_status(operation: Operation) -> None:
    """Each status lists the types that it may tell."""
    responses = described(operation)["responses"]
    for slug in problems_of(operation):
        status = str(KINDS[slug][0])
        schema = responses[status]["content"]["application/problem+json"]["schema"]
        assert f"{TYPE_BASE}{slug}" in schema["properties"]["type"]["enum"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_the_rules_of_all_calls_are_in_the_document(operation: Operation) -> None:
    """Keys, bodies and idempotency keys bring their refusals and parameters with them."""
    spec = described(operation)
    statuses = set(spec["responses"])
    headers = {parameter["name"] for parameter in spec["parameters"] if parameter["in"] == "header"}
    assert spec["security"] == ([] if operation.public else [{"key": []}])
    assert operation.public or {"400", "401", "503"} <= statuses
    assert not operation.scopes or "403" in statuses
    assert operation.body is None or {"413", "415"} <= statuses
    assert ("Idempotency-Key" in headers) == operation.needs_key == ("422" in statuses)


def test_bodies_are_closed_and_patterns_are_portable() -> None:
    """Unknown fields are refused, so the document says so; ECMA-262 has anchors of its own."""
    for operation in OPERATIONS:
        if operation.body is not None:
            schema = described(operation)["requestBody"]["content"]["application/json"]["schema"]
            for form in forms_of(schema):
                assert form["additionalProperties"] is False, form["title"]
    assert "\\\\A" not in json.dumps(DOCUMENT)
    assert "\\\\Z" not in json.dumps(DOCUMENT)


PRICES = [
    {name: given[name] for name in names}
    for given in [{"currency": "KUAIBI", "amount": "1", "sku": "image", "quantity": 2}]
    for count in range(len(given) + 1)
    for names in itertools.combinations(given, count)
]
IN_A_BATCH = {"idempotency_key": "k", "wallet_id": "w"}


@pytest.mark.parametrize("price", PRICES, ids=" ".join)
@pytest.mark.parametrize(
    ("component", "kind", "fields"),
    [
        ("DebitBody", DebitBody, {}),
        ("HoldBody", HoldBody, {"hold_id": "h"}),
        ("BatchCommand", AnyBatchCommand, {"kind": "debit", **IN_A_BATCH}),
        ("BatchCommand", AnyBatchCommand, {"kind": "authorize_hold", **IN_A_BATCH}),
    ],
    ids=["debit", "hold", "debit in a batch", "hold in a batch"],
)
def test_the_schema_refuses_both_prices_and_none_as_the_service_does(
    component: str, kind: Any, fields: dict[str, str], price: dict[str, Any]
) -> None:
    """Either currency and amount, or a SKU and perhaps a quantity: whatever else is malformed."""
    body = fields | price
    decoded = BodyDecoder(kind).decode(encode(body))
    try:
        price_fields(decoded, {"KUAIBI": 2})
        taken = True
    except ProblemError:
        taken = False
    assert taken == (set(price) in ({"currency", "amount"}, {"sku"}, {"sku", "quantity"}))
    assert is_valid(body, component) is taken


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        ({"currency": "KUAIBI", "amount": "1"}, True),
        ({"currency": "KUAIBI", "amount": "1e3"}, False),
        ({"sku": "image", "reference": "a b"}, False),
        ({"sku": "image", "colour": "red"}, False),
        ({"sku": None, "currency": "KUAIBI", "amount": "1"}, False),
    ],
)
def test_the_schema_of_a_debit_draws_the_line_where_the_service_does(
    body: dict[str, Any], *, valid: bool
) -> None:
    """An exact document lets callers find their mistakes without asking."""
    assert is_valid(body, "DebitBody") is valid


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        ({"advance_s": 0}, True),
        ({"at": "2026-03-01T01:00:00Z"}, True),
        ({"advance_s": 0, "at": "2026-03-01T01:00:00Z"}, False),
        ({}, False),
    ],
)
def test_the_schema_of_the_clock_takes_a_time_or_a_distance(
    body: dict[str, Any], *, valid: bool
) -> None:
    """Either of the two, as the service has it."""
    assert is_valid(body, "ClockBody") is valid


def test_every_file_of_the_contract_is_in_the_table() -> None:
    """A call whose file nobody lists would be served by no edge, in silence."""
    modules = pkgutil.walk_packages(ledger.contract.__path__, "ledger.contract.")
    written = {
        operation.id
        for module in modules
        if module.name != operations.__name__
        for operation in getattr(importlib.import_module(module.name), "OPERATIONS", ())
    }
    assert written == {operation.id for operation in operations.OPERATIONS}
