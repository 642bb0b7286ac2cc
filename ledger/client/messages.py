"""Calls as messages of gRPC: requests made of JSON's values, and answers turned into them.

The contract has the same names in JSON and in messages, so the descriptors say all there is to do.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import msgspec
from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FieldDescriptor,
    MethodDescriptor,
)
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from ledger.client.transport import Request
from ledger.v1 import (
    administration_pb2,
    finance_pb2,
    generation_pb2,
    orders_pb2,
    wallet_pb2,
)
from ledger.v1.codec import KIND, TIMESTAMP, texts_of

Plain = dict[str, Any]

_FILES: Final = (
    administration_pb2.DESCRIPTOR,
    finance_pb2.DESCRIPTOR,
    generation_pb2.DESCRIPTOR,
    orders_pb2.DESCRIPTOR,
    wallet_pb2.DESCRIPTOR,
)
METHODS: Final[Mapping[str, MethodDescriptor]] = {
    method.name: method
    for file in _FILES
    for service in file.services_by_name.values()
    for method in service.methods
}
"""The methods of all services by their names, which no two share."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_WHOLE: Final = frozenset(
    {
        FieldDescriptor.CPPTYPE_INT32,
        FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_UINT32,
        FieldDescriptor.CPPTYPE_UINT64,
    }
)
_ABOUT: Final = frozenset({"replayed", "request_id"})
"""Fields of a response that are about the answer itself and no part of its JSON body."""


def method_of(request: Request) -> MethodDescriptor:
    """The method of a call. Raises ValueError for one that only HTTP has."""
    name = request.operation.name
    method = METHODS.get(name[:1].upper() + name[1:])
    if method is None:
        raise ValueError(f"{request.operation.path} can be asked for over HTTP only.")
    return method


def message_of(request: Request) -> Message:
    """The request message of a call. Raises ValueError for what has no place in it."""
    plain = {**request.parameters, **request.query, **(request.body or {})}
    kind = method_of(request).input_type
    if request.key is not None and "idempotency_key" in kind.fields_by_name:
        plain["idempotency_key"] = request.key
    return filled(kind, plain)


def filled(kind: Descriptor, plain: Mapping[str, Any]) -> Message:
    """A message of a kind with JSON's values; those of its `kind` go into the field it names."""
    message = GetMessageClass(kind)()
    chosen = plain.get(KIND) if KIND in kind.oneofs_by_name else None
    inner: Plain = {}
    for name, value in plain.items():
        field = kind.fields_by_name.get(name)
        if field is not None and not _is_chosen(field):
            _set(message, field, value)
        elif chosen is None:
            raise ValueError(f"{name} is no field of {kind.name}.")
        elif name != KIND:
            inner[name] = value
    if chosen is not None:
        field = kind.fields_by_name[chosen]
        getattr(message, chosen).CopyFrom(filled(_kind_of(field), inner))
    return message


def _is_chosen(field: FieldDescriptor) -> bool:
    return field.containing_oneof is not None and field.containing_oneof.name == KIND


def _kind_of(field: FieldDescriptor) -> Descriptor:
    assert field.message_type is not None, field.full_name
    return field.message_type


def _set(message: Message, field: FieldDescriptor, value: Any) -> None:  # noqa: ANN401 - JSON
    if field.is_repeated:
        getattr(message, field.name).extend(filled(_kind_of(field), element) for element in value)
    elif field.message_type is not None:
        assert field.message_type.full_name == TIMESTAMP, field.full_name
        getattr(message, field.name).FromDatetime(dt.datetime.fromisoformat(value))
    elif field.enum_type is not None:
        setattr(message, field.name, _number(field.enum_type, value, field.name))
    else:
        setattr(message, field.name, int(value) if field.cpp_type in _WHOLE else value)


def _number(kind: EnumDescriptor, text: str, name: str) -> int:
    for number, known in texts_of(kind).items():
        if known == text:
            return number
    raise ValueError(f"{name} was {text!r}; it is one of {', '.join(texts_of(kind).values())}.")


def body_of(answer: Message) -> Plain:
    """An answer's body as in JSON: that of its only message field, else all of its fields."""
    plain = plain_of(answer)
    fields = [field for field in answer.DESCRIPTOR.fields if field.name not in _ABOUT]
    if len(fields) == 1 and fields[0].message_type is not None and not fields[0].is_repeated:
        inner: Plain = plain[fields[0].name]
        return inner
    return {name: value for name, value in plain.items() if name not in _ABOUT}


def plain_of(message: Message) -> Plain:
    """A message as JSON's values; fields with presence that are not set are left out."""
    kind: Any = message.DESCRIPTOR
    plain: Plain = _reader(kind)(message)
    return plain


def _reader(kind: Descriptor) -> Callable[[Message], Any]:
    return _SPECIAL.get(kind.name) or _plain_reader(kind)


@cache
def _plain_reader(kind: Descriptor) -> Callable[[Message], Plain]:
    """A function that reads messages of a kind field by field, worked out once."""
    defaults = tuple(field.name for field in kind.fields if not field.has_presence)
    readers = {field.name: _value_reader(field) for field in kind.fields}
    within = kind.oneofs_by_name.get(KIND)
    chosen = frozenset(field.name for field in within.fields) if within else frozenset[str]()

    def read(message: Message) -> Plain:
        plain: Plain = {}
        for name in defaults:
            plain[name] = readers[name](getattr(message, name))
        for field, value in message.ListFields():
            name = field.name
            if not field.has_presence:
                continue
            if name in chosen:
                plain.update(readers[name](value), kind=name)
            else:
                plain[name] = readers[name](value)
        return plain

    return read


def _value_reader(field: FieldDescriptor) -> Callable[[Any], Any]:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        read = _single_value_reader(kind.fields_by_name["value"])
        return lambda mapped: {key: read(value) for key, value in mapped.items()}
    read = _single_value_reader(field)
    if field.is_repeated:
        return lambda values: [read(value) for value in values]
    return read


def _single_value_reader(field: FieldDescriptor) -> Callable[[Any], Any]:
    if field.enum_type is not None:
        texts = texts_of(field.enum_type)
        # A newer ledger may have more values: its number then stands for itself.
        return lambda number: texts.get(number, str(number))
    if field.message_type is None:
        return lambda value: value
    if field.message_type.full_name == TIMESTAMP:
        return _moment
    return _reader(field.message_type)


def _moment(at: Any) -> dt.datetime:  # noqa: ANN401 - a Timestamp, of whichever pool
    return _EPOCH + dt.timedelta(seconds=at.seconds, microseconds=at.nanos // 1_000)


def _event(message: Any) -> Plain:  # noqa: ANN401 - an Event
    plain: Plain = _plain_reader(message.DESCRIPTOR)(message)
    plain["payload"] = msgspec.json.decode(message.payload)
    return plain


def _result(message: Any) -> Plain:  # noqa: ANN401 - a CommandResult
    body = getattr(message, message.WhichOneof("body"))
    return {"status": message.status, "replayed": message.replayed, "body": plain_of(body)}


def _problem(message: Any) -> Plain:  # noqa: ANN401 - a Problem
    document = {name: getattr(message, name) for name in ("type", "title", "status", "detail")}
    return {**message.facts, **document}


_SPECIAL: Final[Mapping[str, Callable[[Any], Any]]] = {
    "Event": _event,
    "CommandResult": _result,
    "Problem": _problem,
    "Attribute": lambda message: getattr(message, message.WhichOneof("value")),
    "PeriodPrices": lambda message: dict(message.prices_cny),
}
"""Messages that are not shaped as their JSON."""
