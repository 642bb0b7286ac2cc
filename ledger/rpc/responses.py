"""Encodes answers of the contract as the fields of response messages."""

import datetime as dt
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Any, Final, cast

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from msgspec import Struct

from ledger.contract.calls.batches import ResultAnswer
from ledger.contract.calls.charges import DebitAnswer, RefundAnswer
from ledger.contract.calls.conversions import ConversionAnswer
from ledger.contract.calls.grants import DailyGrantAnswer, GrantAnswer
from ledger.contract.calls.holds import CaptureAnswer, HoldAnswer
from ledger.contract.calls.transfers import SentTransferAnswer
from ledger.contract.problems import TYPE_BASE
from ledger.v1.codec import TIMESTAMP, texts_of

Fields = dict[str, Any]
"""Values of a message's fields by name, as its constructor takes them."""

ResponseEncoder = Callable[[Any], Fields]

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_RESULTS: Final[dict[type, str]] = {
    DebitAnswer: "debit",
    HoldAnswer: "hold",
    CaptureAnswer: "capture",
    RefundAnswer: "refund",
    GrantAnswer: "grant",
    DailyGrantAnswer: "daily_grant",
    ConversionAnswer: "conversion",
    SentTransferAnswer: "transfer",
}
"""The field of a command's result that holds each kind of body."""

_SCALARS: Final[dict[type, str]] = {str: "text", int: "number", bool: "flag"}
"""The field of an attribute that holds each kind of value."""


class NoPlaceError(TypeError):
    """An answer has a field that its response message has no place for."""


@cache
def response_encoder(kind: Descriptor, answer: Hashable) -> ResponseEncoder:
    """A function that encodes answers of a type for one kind of response, field by field, by name.

    An answer whose fields are not those of the response is encoded in its first field. Raises
    NoPlaceError where that has no place for them either.
    """
    try:
        return _message_encoder(kind, answer)
    except NoPlaceError:
        first = kind.fields[0]
        if first.message_type is None:
            raise
        encode, name = _message_encoder(first.message_type, answer), first.name
        return lambda value: {name: encode(value)}


@cache
def _message_encoder(kind: Descriptor, answer: Hashable) -> ResponseEncoder:
    """An encoder for the message itself; a tagged struct has other fields in that of its tag."""
    if answer is ResultAnswer:
        return _result_encoder(kind)
    struct = cast("type[Struct]", answer)
    tagged = kind.fields_by_name.get(str(struct.__struct_config__.tag))
    inner = None if tagged is None else tagged.message_type
    outer, inner_fields = _FieldEncoder(), _FieldEncoder()
    info = cast("msgspec.inspect.StructType", msgspec.inspect.type_info(struct))
    for field in info.fields:
        name = field.name
        if name in kind.fields_by_name:
            outer.add(name, _converter(kind.fields_by_name[name], field.type))
        elif inner is not None and name in inner.fields_by_name:
            inner_fields.add(name, _converter(inner.fields_by_name[name], field.type))
        else:
            raise NoPlaceError(f"{kind.full_name} has no place for {name} of {struct.__name__}")
    if tagged is None:
        return outer.fields
    tag = tagged.name
    return lambda value: outer.fields(value) | {tag: inner_fields.fields(value)}


class _FieldEncoder:
    """Which attributes of an answer become which fields, and how."""

    def __init__(self) -> None:
        self._steps: list[tuple[str, Callable[[Any], Any] | None]] = []

    def add(self, name: str, convert: Callable[[Any], Any] | None) -> None:
        """Add an attribute; without `convert` its value is that of the field."""
        self._steps.append((name, convert))

    def fields(self, answer: Any) -> Fields:  # noqa: ANN401 - a struct that has them
        """The message's fields for an answer; attributes that are None are left out."""
        fields: Fields = {}
        for name, convert in self._steps:
            value = getattr(answer, name)
            if value is not None:
                fields[name] = value if convert is None else convert(value)
        return fields


def _converter(
    field: FieldDescriptor, answered: msgspec.inspect.Type
) -> Callable[[Any], Any] | None:
    """A function that makes a field's value of an answer's; None where they are the same."""
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        convert_value = _converter(kind.fields_by_name["value"], answered)
        if convert_value is None:
            return None
        return lambda mapped: {name: convert_value(value) for name, value in mapped.items()}
    convert = _value_converter(field, answered)
    if convert is None or not field.is_repeated:
        return convert
    return lambda elements: [convert(element) for element in elements]


def _value_converter(
    field: FieldDescriptor, answered: msgspec.inspect.Type
) -> Callable[[Any], Any] | None:
    kind = field.message_type
    if field.enum_type is not None:
        numbers = {text: number for number, text in texts_of(field.enum_type).items()}
        return numbers.__getitem__
    if kind is None:
        is_text = field.cpp_type == FieldDescriptor.CPPTYPE_STRING
        return _text if is_text and not _answers_text(answered) else None
    if kind.full_name == TIMESTAMP:
        return _timestamp
    struct = _struct_in(answered)
    return (
        (lambda value: _message(value, kind)) if struct is None else _message_encoder(kind, struct)
    )


def _struct_in(answered: msgspec.inspect.Type) -> Hashable | None:
    """The one struct that a value can be, besides null; None where there are several, or none."""
    match answered:
        case msgspec.inspect.Metadata(type=inner):
            return _struct_in(inner)
        case msgspec.inspect.UnionType(types=types):
            some = [kind for kind in types if not isinstance(kind, msgspec.inspect.NoneType)]
            return _struct_in(some[0]) if len(some) == 1 else None
        case msgspec.inspect.ListType(item_type=inner) | msgspec.inspect.DictType(value_type=inner):
            return _struct_in(inner)
        case msgspec.inspect.StructType(cls=struct):
            return cast("Hashable", struct)
        case _:
            return None


def _answers_text(answered: msgspec.inspect.Type) -> bool:
    match answered:
        case msgspec.inspect.Metadata(type=inner):
            return _answers_text(inner)
        case msgspec.inspect.UnionType(types=types):
            return any(_answers_text(kind) for kind in types)
        case msgspec.inspect.ListType(item_type=inner) | msgspec.inspect.DictType(value_type=inner):
            return _answers_text(inner)
        case _:
            return isinstance(answered, msgspec.inspect.StrType | msgspec.inspect.LiteralType)


def _text(value: Any) -> str:  # noqa: ANN401 - a day, or JSON
    return value.isoformat() if isinstance(value, dt.date) else msgspec.json.encode(value).decode()


def _timestamp(text: str) -> Fields:
    past = dt.datetime.fromisoformat(text) - _EPOCH
    return {"seconds": past.days * 86_400 + past.seconds, "nanos": past.microseconds * 1_000}


def _message(value: Any, kind: Descriptor) -> Fields:  # noqa: ANN401 - whatever an answer holds
    scalar = _SCALARS.get(type(value))
    if scalar is not None:
        return {scalar: value}
    if isinstance(value, dict):
        # A mapping within a mapping: it is the one field of a message of its own.
        return {kind.fields[0].name: value}
    return _message_encoder(kind, cast("Hashable", type(value)))(value)


def _result_encoder(kind: Descriptor) -> ResponseEncoder:
    bodies = kind.fields_by_name

    def encode(result: ResultAnswer) -> Fields:
        body = result.body
        fields: Fields = {"status": result.status, "replayed": result.replayed}
        if isinstance(body, dict):
            fields["problem"] = problem_fields(body)
        else:
            name = _RESULTS[type(body)]
            fields[name] = _message_encoder(
                bodies[name].message_type, cast("Hashable", type(body))
            )(body)
        return fields

    return encode


_OF_EVERY_PROBLEM: Final = ("type", "title", "status", "detail")


def problem_fields(document: Mapping[str, Any]) -> Fields:
    """The fields of a Problem message: a problem's document, its own facts put together."""
    fields: Fields = {name: document[name] for name in _OF_EVERY_PROBLEM}
    fields["reason"] = reason_of(document["type"].removeprefix(TYPE_BASE))
    fields["facts"] = facts_of(
        {name: fact for name, fact in document.items() if name not in _OF_EVERY_PROBLEM}
    )
    return fields


def reason_of(slug: str) -> str:
    """A slug as google.rpc.ErrorInfo has reasons: INSUFFICIENT_FUNDS."""
    return slug.replace("-", "_").upper()


def facts_of(facts: Mapping[str, Any]) -> dict[str, str]:
    """Facts as texts: those that are none already as JSON has them; null is left out."""
    return {
        name: fact if isinstance(fact, str) else msgspec.json.encode(fact).decode()
        for name, fact in facts.items()
        if fact is not None
    }
