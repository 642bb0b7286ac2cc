"""JSON schemas of the structs that decode and answer, as the document shows them."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from ledger.contract.fields import Id
from ledger.contract.problems import TYPE_BASE

Json = dict[str, Any]

_TEMPLATE: Final = "#/components/schemas/{name}"

# What holds between the fields of a body, which a struct cannot say.
_ONE_PRICE: Final[Json] = {
    "oneOf": [
        {"required": ["currency", "amount"], "properties": {"sku": False, "quantity": False}},
        {"required": ["sku"], "properties": {"currency": False, "amount": False}},
    ]
}
_RULES: Final[dict[str, Json]] = {
    "DebitBody": _ONE_PRICE,
    "HoldBody": _ONE_PRICE,
    "BatchDebit": _ONE_PRICE,
    "BatchAuthorizeHold": _ONE_PRICE,
    "ClockBody": {"oneOf": [{"required": ["advance_s"]}, {"required": ["at"]}]},
}

_PROBLEM: Final[Json] = {
    "title": "Problem",
    "description": "RFC 9457 problem details, with named fields of its own",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail"],
}


def components(kinds: Iterable[Any]) -> dict[str, Json]:
    """The schema of every struct that these kinds are made of, by name, and that of problems."""
    _, definitions = msgspec.json.schema_components(kinds, ref_template=_TEMPLATE)
    named = {
        name: _portable(schema) | _RULES.get(name, {})
        for name, schema in sorted(definitions.items())
    }
    return {**named, "Problem": _PROBLEM}


def component(kind: type[msgspec.Struct]) -> Json:
    """The schema of one struct that has none within it."""
    _, definitions = msgspec.json.schema_components([kind], ref_template=_TEMPLATE)
    schema: Json = _portable(definitions[kind.__name__])
    return schema


def reference(kind: Any) -> Json:  # noqa: ANN401 - a type, or a union of them
    """What stands where a struct, or one of several, is expected."""
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_TEMPLATE)
    return schema


def problem(status: int, slugs: Iterable[str]) -> Json:
    """The schema of the problems that may come with one status."""
    return {
        "allOf": [{"$ref": _TEMPLATE.format(name="Problem")}],
        "properties": {
            "type": {"enum": [f"{TYPE_BASE}{slug}" for slug in slugs]},
            "status": {"const": status},
        },
    }


def _portable(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    r"""The schema with patterns that ECMA-262 understands: it has neither \A nor \Z."""
    if isinstance(schema, dict):
        return {
            name: value.replace(r"\A", "^").replace(r"\Z", "$")
            if name == "pattern" and isinstance(value, str)
            else _portable(value)
            for name, value in schema.items()
        }
    if isinstance(schema, list):
        return [_portable(element) for element in schema]
    return schema


ID: Final[Json] = _portable(msgspec.json.schema(Id))
"""The schema of an id."""
