"""The document in words that generators of clients know; one rule each, over every schema in it.

What they do not know they pass over, or refuse the document for.
"""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from ledger.contract.response import encode
from ledger.http.openapi import document_of
from ledger.http.operations import OPERATIONS

Json = dict[str, Any]

DOCUMENT: Final[Json] = json.loads(encode(document_of(OPERATIONS)))
COMPONENTS: Final[dict[str, Json]] = DOCUMENT["components"]["schemas"]
BODIES: Final = {
    f"{call['operationId']} takes": call["requestBody"]["content"]
    for methods in DOCUMENT["paths"].values()
    for call in methods.values()
    if "requestBody" in call
}

KNOWN: Final = {
    *("$ref", "oneOf", "anyOf", "allOf", "discriminator"),
    *("type", "format", "const", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum"),
    *("properties", "required", "additionalProperties", "items", "minItems", "maxItems"),
    *("title", "description", "examples", "default"),
}
"""Keywords that all of them understand, or may pass over without harm."""


def within(place: str, schema: Any) -> Iterator[tuple[str, Any]]:
    """A schema and all in it, each with where it is."""
    yield place, schema
    if isinstance(schema, bool):
        return
    for keyword in ("oneOf", "anyOf", "allOf"):
        for number, member in enumerate(schema.get(keyword, [])):
            yield from within(f"{place} {keyword} {number}", member)
    for name, of in schema.get("properties", {}).items():
        yield from within(f"{place}.{name}", of)
    if "items" in schema:
        yield from within(f"{place}[]", schema["items"])
    if schema.get("additionalProperties", False) is not False:
        yield from within(f"{place}.*", schema["additionalProperties"])


def parameters() -> Iterator[tuple[str, Json]]:
    """The schemas of all parameters."""
    for methods in DOCUMENT["paths"].values():
        for call in methods.values():
            for parameter in call["parameters"]:
                yield f"{call['operationId']} ?{parameter['name']}", parameter["schema"]


def bodies_and_headers() -> Iterator[tuple[str, Json]]:
    """The schemas of everything else in the paths."""
    for place, content in BODIES.items():
        yield from ((place, body["schema"]) for body in content.values())
    for methods in DOCUMENT["paths"].values():
        for call in methods.values():
            for status, answer in call["responses"].items():
                place = f"{call['operationId']} {status}"
                for part in ("content", "headers"):
                    yield from ((place, of["schema"]) for of in answer.get(part, {}).values())


OUTER: Final = [*parameters(), *bodies_and_headers(), *COMPONENTS.items()]
SCHEMAS: Final = [inner for place, schema in OUTER for inner in within(place, schema)]


def component(reference: Json) -> Json:
    """The schema that a reference, and nothing but a reference, refers to."""
    assert list(reference) == ["$ref"], reference
    return COMPONENTS[reference["$ref"].removeprefix("#/components/schemas/")]


def excluding(left: Json, right: Json) -> bool:
    """Whether no object is one of both: one must have what the other may not."""
    needed_and_forbidden = any(
        name not in others["properties"] and others.get("additionalProperties") is False
        for needing, others in ((left, right), (right, left))
        for name in needing["required"]
    )
    return needed_and_forbidden or any(
        len({side["properties"][name].get("const", name) for side in (left, right)} - {name}) == 2
        for name in set(left["required"]) & set(right["required"])
    )


def test_every_schema_is_an_object() -> None:
    """openapi-python-client makes nothing of a document with `true` or `false` for a schema."""
    assert len(SCHEMAS) > 2000
    assert [place for place, schema in SCHEMAS if not isinstance(schema, dict)] == []


def test_no_schema_has_a_keyword_that_generators_pass_over() -> None:
    """What `not`, `if` or `dependentRequired` said would be missing from their clients."""
    unknown = [(place, set(schema) - KNOWN) for place, schema in SCHEMAS if set(schema) - KNOWN]
    assert unknown == []


def test_whatever_is_limited_says_its_type() -> None:
    """Without a type an enumeration becomes `Any`; only what may be anything has none."""
    for place, schema in SCHEMAS:
        if not schema.keys() & {"type", "$ref", "oneOf", "anyOf"}:
            assert schema.keys() <= {"description"}, place


def test_a_choice_is_between_objects_that_have_names() -> None:
    """A choice within a choice, or an object without a name, gets a name nobody would guess.

    `anyOf` is for simple values, and for null.
    """
    for place, schema in SCHEMAS:
        for member in schema.get("oneOf", []):
            assert component(member)["type"] == "object", place
        named = [member for member in schema.get("anyOf", []) if "$ref" in member]
        assert not named or schema["anyOf"] == [*named, {"type": "null"}], place
        assert "oneOf" not in schema or place in COMPONENTS, f"{place} has no name"


def test_exactly_one_member_of_a_choice_fits() -> None:
    """Clients try one after the other; those that do not compare may take any that fits."""
    choices = [(place, schema["oneOf"]) for place, schema in SCHEMAS if "oneOf" in schema]
    assert {"DebitBody", "HoldBody", "BatchCommand", "OrderAnswer"} <= dict(choices).keys()
    for place, members in choices:
        for left, right in itertools.combinations(map(component, members), 2):
            assert excluding(left, right), f"{place}: {left['title']} or {right['title']}"


def test_every_discriminator_maps_to_all_members() -> None:
    """Each under the very value that the member itself requires."""
    discriminated = [schema for _, schema in SCHEMAS if "discriminator" in schema]
    assert len(discriminated) == 4
    for schema in discriminated:
        name = schema["discriminator"]["propertyName"]
        mapping = schema["discriminator"]["mapping"]
        assert [{"$ref": reference} for reference in mapping.values()] == schema["oneOf"]
        for value, reference in mapping.items():
            member = component({"$ref": reference})
            assert name in member["required"]
            assert member["properties"][name] == {"type": "string", "const": value}


def test_no_body_has_a_default() -> None:
    """openapi-typescript takes a property with a default for one that must be sent."""
    for component_name, component_schema in COMPONENTS.items():
        for place, schema in within(component_name, component_schema):
            assert "default" not in schema, place
    assert (
        "3600 when left out" in COMPONENTS["HoldBySku"]["properties"]["expires_in_s"]["description"]
    )


def test_bounds_are_whole_numbers() -> None:
    """`1.0` as the least of an integer makes it a float somewhere."""
    for place, schema in SCHEMAS:
        for keyword in ("minimum", "maximum"):
            assert isinstance(schema.get(keyword, 0), int), place


def test_names_can_be_names_of_classes_and_methods() -> None:
    """A component is called like its title, each has a use, and no name needs mending."""
    used = {schema["$ref"].rpartition("/")[2] for _, schema in SCHEMAS if "$ref" in schema}
    assert used == set(COMPONENTS)
    for name, schema in COMPONENTS.items():
        assert schema["title"] == name
        assert re.fullmatch(r"[A-Z][A-Za-z]+", name), name
        assert "\n    " not in schema.get("description", ""), f"{name}: indented"
    ids = [call["operationId"] for of in DOCUMENT["paths"].values() for call in of.values()]
    assert len({name.lower() for name in [*ids, *COMPONENTS]}) == len(ids) + len(COMPONENTS)
    assert [name for name in ids if not re.fullmatch(r"[a-z][A-Za-z]+", name)] == []


def test_no_body_is_of_just_any_content_type() -> None:
    """openapi-python-client leaves a call out whose body is `*/*`."""
    types = {content_type for content in BODIES.values() for content_type in content}
    assert types == {"application/json", "application/octet-stream"}
