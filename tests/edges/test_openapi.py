"""The document: valid, complete, and true of the examples that it shows."""

import importlib
import json
import pkgutil
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.schemas import schema_v31

import ledger.contract
from ledger.contract import operations
from ledger.contract.operation import Operation
from ledger.contract.problems import KINDS, TYPE_BASE
from ledger.contract.response import encode
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
            refs = [schema.get("$ref"), *(variant["$ref"] for variant in schema.get("anyOf", []))]
            for name in (ref.rsplit("/", 1)[1] for ref in refs if ref):
                assert DOCUMENT["components"]["schemas"][name]["additionalProperties"] is False
    assert "\\\\A" not in json.dumps(DOCUMENT)
    assert "\\\\Z" not in json.dumps(DOCUMENT)


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        ({"currency": "KUAIBI", "amount": "1"}, True),
        ({"sku": "image", "quantity": 2}, True),
        ({"sku": "image", "amount": "1"}, False),
        ({"currency": "KUAIBI"}, False),
        ({"currency": "KUAIBI", "amount": "1", "quantity": 2}, False),
        ({"currency": "KUAIBI", "amount": "1e3"}, False),
        ({"sku": "image", "reference": "a b"}, False),
        ({"sku": "image", "colour": "red"}, False),
        ({}, False),
    ],
)
def test_the_schema_of_a_debit_draws_the_line_where_the_service_does(
    body: dict[str, Any], *, valid: bool
) -> None:
    """An exact document lets callers find their mistakes without asking."""
    schema = {"$ref": "#/components/schemas/DebitBody", "components": DOCUMENT["components"]}
    assert jsonschema.Draft202012Validator(schema).is_valid(body) is valid


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
