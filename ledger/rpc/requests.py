"""Request messages as the plain values that bodies and queries are made of."""

from collections.abc import Callable
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from ledger.contract.problems import ProblemError, problem
from ledger.core.instants import INSTANT_MAX, SECOND_US, format_instant
from ledger.v1.codec import KIND, TIMESTAMP, texts_of

Plain = dict[str, Any]
Reader = Callable[[Message], Plain]

REQUEST_ID: Final = "request_id"

_NANOS: Final = 1_000_000_000
_WHOLE: Final = frozenset({FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64})


def reader_of(kind: Descriptor) -> Reader:
    """A function that turns messages of a kind into plain values, named and shaped as in JSON.

    Empty texts without presence are left out, as a caller leaves out a field of JSON; numbers,
    flags and lists without presence are always there. The fields of the one set in `kind` stand
    beside the others. Raises ProblemError `malformed` for what cannot be said in JSON either.
    """
    always: Plain = {field.name: _zero(field) for field in kind.fields if _is_always_there(field)}
    kinds = kind.oneofs_by_name[KIND].fields if KIND in kind.oneofs_by_name else ()
    of_kind = {
        field.name: reader_of(field.message_type)
        for field in kinds
        if field.message_type is not None
    }
    plain = [field for field in kind.fields if field.name not in {REQUEST_ID, *of_kind}]
    with_presence = [(field.name, _value_reader(field)) for field in plain if field.has_presence]
    without = [(field.name, _value_reader(field)) for field in plain if not field.has_presence]

    def read(message: Message) -> Plain:
        if len(UnknownFieldSet(message)):
            raise _unknown_field(kind, message)
        values = always.copy()
        for name, convert in with_presence:
            if message.HasField(name):
                value = getattr(message, name)
                values[name] = value if convert is None else convert(value)
        for name, convert in without:
            value = getattr(message, name)
            if value:
                values[name] = value if convert is None else convert(value)
        if of_kind and (chosen := message.WhichOneof(KIND)) is not None:
            values[KIND] = chosen
            values.update(of_kind[chosen](getattr(message, chosen)))
        return values

    return read


def _is_always_there(field: FieldDescriptor) -> bool:
    scalar = field.cpp_type in _WHOLE or field.cpp_type == FieldDescriptor.CPPTYPE_BOOL
    return field.is_repeated or (scalar and not field.has_presence)


def _zero(field: FieldDescriptor) -> list[Any] | int | bool:
    if field.is_repeated:
        return []
    return False if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else 0


def _value_reader(field: FieldDescriptor) -> Callable[[Any], Any] | None:
    """A function that reads a field's value; None where the value is plain already."""
    if field.enum_type is not None:
        return _enum_reader(field.enum_type, field.name)
    if field.message_type is None:
        return None
    if field.message_type.full_name == TIMESTAMP:
        return _instant_reader(field.name)
    read = reader_of(field.message_type)
    if field.is_repeated:
        return lambda messages: [read(message) for message in messages]
    return read


def _enum_reader(kind: EnumDescriptor, name: str) -> Callable[[int], str]:
    texts = texts_of(kind)

    def read(number: int) -> str:
        text = texts.get(number)
        if text is None:
            known = ", ".join(value.name for value in kind.values if value.number)
            detail = f"{name} was {number}, which is none of {known}."
            raise ProblemError(problem("malformed", detail, field=name))
        return text

    return read


def _instant_reader(name: str) -> Callable[[Any], str]:
    def read(at: Any) -> str:  # noqa: ANN401 - a Timestamp, of whichever pool
        instant = at.seconds * SECOND_US + at.nanos // 1_000
        if not (0 <= at.nanos < _NANOS and abs(instant) <= INSTANT_MAX):
            raise _no_time(name)
        try:
            return format_instant(instant)
        except OverflowError:
            raise _no_time(name) from None

    return read


def _no_time(name: str) -> ProblemError:
    detail = f"{name} is no time between the years 1 and 9999. Check its seconds and nanos."
    return ProblemError(problem("malformed", detail, field=name))


def _unknown_field(kind: Descriptor, message: Message) -> ProblemError:
    """The problem of a field that this service does not know: ignoring it might change the call."""
    unknown = UnknownFieldSet(message)
    numbers = sorted({unknown[at].field_number for at in range(len(unknown))})
    detail = (
        f"{kind.name} has no field {', '.join(map(str, numbers))} here, so it cannot be heeded. "
        "Leave it out, or wait until this service is as new as its caller."
    )
    return ProblemError(problem("malformed", detail, field=kind.name))
