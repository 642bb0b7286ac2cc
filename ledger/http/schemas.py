"""JSON schemas of the structs that decode and answer, in words that generators of clients know."""

from collections.abc import Iterable
from inspect import cleandoc
from typing import Any, Final

import msgspec

from ledger.contract.calls.batches import AnyBatchCommand
from ledger.contract.calls.orders import AnyOrderBody, OrderAnswer
from ledger.contract.fields import Id
from ledger.contract.problems import TYPE_BASE
from ledger.contract.proposals.drafts import AnyProposalBody, CommandAnswer

Json = dict[str, Any]

_TEMPLATE: Final = "#/components/schemas/{name}"

_UNIONS: Final[dict[str, Any]] = {
    "BatchCommand": AnyBatchCommand,
    "OrderAnswer": OrderAnswer,
    "OrderBody": AnyOrderBody,
    "ProposedAnswer": CommandAnswer,
    "ProposedBody": AnyProposalBody,
}
"""Unions by name: where they stood without, every generator would make up its own."""

_AMOUNT: Final = {"currency": True, "amount": True}
_SKU: Final = {"sku": True, "quantity": False}
_FORMS: Final = {
    "DebitBody": {"DebitByAmount": _AMOUNT, "DebitBySku": _SKU},
    "HoldBody": {"HoldByAmount": _AMOUNT, "HoldBySku": _SKU},
    "BatchDebit": {"BatchDebitByAmount": _AMOUNT, "BatchDebitBySku": _SKU},
    "BatchAuthorizeHold": {"BatchHoldByAmount": _AMOUNT, "BatchHoldBySku": _SKU},
    "ClockBody": {"ClockByAdvance": {"advance_s": True}, "ClockByTime": {"at": True}},
}
"""The forms of a body by name: the fields that each has alone, and whether it needs them.

That fields exclude each other is more than a struct can say. Generators do not understand it of
`not`, `if` or a `oneOf` of `required`; of a choice between closed objects all of them do.
"""

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
    # What a refusal names beyond these; many clients drop what nothing announces.
    "additionalProperties": {},
}


def components(kinds: Iterable[Any]) -> dict[str, Json]:
    """The schemas of the structs that these kinds are made of, of unions, and of problems."""
    _, structs = msgspec.json.schema_components(kinds, ref_template=_TEMPLATE)
    schemas = [_PROBLEM, *(_union(name, kind) for name, kind in _UNIONS.items())]
    for name, struct in structs.items():
        schemas.extend(_forms(name, _portable(struct)))
    named = {schema["title"]: _with_defaults_in_words(schema) for schema in schemas}
    return dict(sorted(named.items()))


def component(kind: type[msgspec.Struct]) -> Json:
    """The schema of one struct that has none within it."""
    _, definitions = msgspec.json.schema_components([kind], ref_template=_TEMPLATE)
    schema: Json = _portable(definitions[kind.__name__])
    return schema


def reference(kind: Any) -> Json:  # noqa: ANN401 - a type, or a union of them
    """What stands where a struct, or one of several, is expected."""
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_TEMPLATE)
    referred: Json = _portable(schema)
    return referred


def problem(status: int, slugs: Iterable[str]) -> Json:
    """The schema of the problems that may come with one status."""
    return {
        "type": "object",
        "allOf": [_reference("Problem")],
        "properties": {
            "type": {"type": "string", "enum": [f"{TYPE_BASE}{slug}" for slug in slugs]},
            "status": {"type": "integer", "const": status},
        },
    }


def _reference(name: str) -> Json:
    return {"$ref": _TEMPLATE.format(name=name)}


def _choice(names: Iterable[str]) -> Json:
    return {"oneOf": [_reference(name) for name in names]}


def _union(name: str, kind: Any) -> Json:  # noqa: ANN401 - a union of structs
    """The schema of a union: of its members, or of the forms of those that have several.

    Its tag is a discriminator only if it tells all of these apart.
    """
    tags = _tags(kind)
    choice = _choice(form for member in tags.values() for form in _FORMS.get(member, (member,)))
    if len(choice["oneOf"]) == len(tags):
        mapping = {tag: _TEMPLATE.format(name=member) for tag, member in tags.items()}
        choice["discriminator"] = {"propertyName": "kind", "mapping": mapping}
    return {"title": name, **choice}


def _forms(name: str, schema: Json) -> Iterable[Json]:
    """A struct's own schema; or those of its forms, and the choice between them."""
    forms = _FORMS.get(name)
    if forms is None:
        yield schema
        return
    for form, own in forms.items():
        others = {field for fields in forms.values() for field in fields} - own.keys()
        needed = [field for field, is_needed in own.items() if is_needed]
        yield {
            **schema,
            "title": form,
            "description": f"{schema['description']} This form names {' and '.join(needed)}.",
            "properties": _without(schema["properties"], *others),
            "required": [*schema["required"], *needed],
        }
    if not any(name in members for members in _UNION_NAMES):
        yield {"title": name, "description": schema["description"], **_choice(forms)}


def _portable(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    r"""The same schema in words that every reader knows.

    ECMA-262 has neither \A nor \Z, and of an enumeration without a type generators make `Any`.
    """
    if isinstance(schema, list):
        return [_portable(element) for element in schema]
    if not isinstance(schema, dict):
        return schema
    portable = {name: _portable(value) for name, value in schema.items()}
    match portable:
        case {"discriminator": {"mapping": mapping}}:
            return _reference(_UNION_NAMES[frozenset(map(_name, mapping.values()))])
        case {"enum": [str(only)]}:
            return _without(portable, "enum") | {"type": "string", "const": only}
        case {"enum": [str(), *_]}:
            return portable | {"type": "string"}
        case {"pattern": str(pattern)}:
            return portable | {"pattern": pattern.replace(r"\A", "^").replace(r"\Z", "$")}
        case {"title": str(), "description": str(docstring)}:
            return portable | {"description": cleandoc(docstring)}
        case _:
            return portable


def _with_defaults_in_words(schema: Json) -> Json:
    """The same schema, the defaults of its properties told in their descriptions.

    Clients of openapi-typescript would have to send every property that has a `default`.
    """
    if "properties" not in schema:
        return schema
    properties = dict(schema["properties"])
    for name, of in properties.items():
        if "default" in of:
            default = f"{str(of['default']).lower()} when left out"
            words = f"{of['description']}; {default}" if "description" in of else default
            properties[name] = _without(of, "default") | {"description": words}
    return schema | {"properties": properties}


def _without(schema: Json, *names: str) -> Json:
    return {name: value for name, value in schema.items() if name not in names}


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _tags(union: Any) -> dict[str, str]:  # noqa: ANN401 - a union of structs
    """The names of a union's members by their tags."""
    (schema,), _ = msgspec.json.schema_components([union], ref_template=_TEMPLATE)
    mapping: dict[str, str] = schema["discriminator"]["mapping"]
    return {tag: _name(reference) for tag, reference in mapping.items()}


_UNION_NAMES: Final = {frozenset(_tags(kind).values()): name for name, kind in _UNIONS.items()}

ID: Final[Json] = _portable(msgspec.json.schema(Id))
"""The schema of an id."""
