"""Messages as JSON has the same things, and back: the service and its client convert by this.

The contract has the same names in JSON and in messages, so descriptors say nearly all there is to
do. What is made for a kind of message is made once.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import msgspec
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from ledger.v1.refusals import facts_of, reason_of

Plain = dict[str, Any]
"""JSON's values by field name."""

Reader = Callable[[Message], Plain]
Fields = dict[str, Any]
"""Values of a message's fields by name, as its constructor takes them."""

Writer = Callable[[Mapping[str, Any]], Fields]

KIND: Final = "kind"
"""The oneof that says what a message is about; its value is the name of the field that is set.

JSON has the fields of that one beside the others.
"""

_ABOUT: Final = frozenset({"replayed", "request_id"})
"""Fields of a response that are about the answer itself and no part of its JSON body."""

_TIMESTAMP: Final = "google.protobuf.Timestamp"
_JSON_TEXTS: Final = frozenset(
    {"ledger.v1.Event.payload", "ledger.v1.ProposalOutcome.body", "ledger.v1.Act.detail"}
)
"""Text fields that hold any JSON."""

_SCALARS: Final[dict[type, str]] = {str: "text", int: "number", bool: "flag"}
"""The field of an Attribute that holds each kind of value."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_NANOS: Final = 1_000_000_000
_WHOLE: Final = frozenset(
    {
        FieldDescriptor.CPPTYPE_INT32,
        FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_UINT32,
        FieldDescriptor.CPPTYPE_UINT64,
    }
)


class CodecError(ValueError):
    """A message says what JSON cannot, or JSON what a message cannot; `field` is where."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


@cache
def texts_of(kind: EnumDescriptor) -> dict[int, str]:
    """The texts that JSON has for an enum's numbers; the unspecified one has none."""
    prefix = kind.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return {
        value.number: value.name.removeprefix(prefix).lower()
        for value in kind.values
        if value.number
    }


@cache
def request_reader(kind: Descriptor) -> Reader:
    """A function that reads requests of a kind strictly.

    Empty texts without presence are left out, as a caller leaves out a field of JSON; numbers,
    flags and lists without presence are always there. It raises CodecError for a field that is not
    known here (to pass it over might change the call), and for what cannot be said in JSON.
    """
    return _reader(kind, is_strict=True)


@cache
def response_reader(kind: Descriptor) -> Reader:
    """A function that reads responses of a kind: their body, as JSON has it.

    Fields with presence that are not set are left out, and so is what is not known here; of an enum
    the number of an unknown value stands for itself, as text.
    """
    read = _reader(kind, is_strict=False)
    inner = _only_message(kind)
    if inner is not None:
        name = inner.name
        return lambda message: read(message).get(name, {})
    return lambda message: {
        name: value for name, value in read(message).items() if name not in _ABOUT
    }


def _only_message(kind: Descriptor) -> FieldDescriptor | None:
    """The field that a response is all about, where it has no other."""
    fields = [field for field in kind.fields if field.name not in _ABOUT]
    is_one = len(fields) == 1 and fields[0].message_type is not None and not fields[0].is_repeated
    return fields[0] if is_one else None


@cache
def _reader(kind: Descriptor, *, is_strict: bool) -> Reader:
    special = None if is_strict else _RESPONSES.get(kind.name)
    if special is not None:
        return special
    chosen = frozenset(field.name for field in _kinds(kind))
    skipped = {"request_id"} if is_strict else set[str]()
    plain = [field for field in kind.fields if field.name not in skipped]
    readers = {field.name: _value_reader(field, is_strict=is_strict) for field in plain}
    always = {
        field.name: _zero(field)
        for field in plain
        if not field.has_presence and not (is_strict and _is_text(field))
    }

    def read(message: Message) -> Plain:
        if is_strict and len(UnknownFieldSet(message)):
            raise _unknown_field(kind, message)
        values: Plain = always.copy()
        for field, value in message.ListFields():
            name = field.name
            if name not in readers:
                continue
            convert = readers[name]
            read_value = value if convert is None else convert(value)
            if name in chosen:
                values.update(read_value)
                values[KIND] = name
            else:
                values[name] = read_value
        return values

    return read


def _kinds(kind: Descriptor) -> list[FieldDescriptor]:
    return list(kind.oneofs_by_name[KIND].fields) if KIND in kind.oneofs_by_name else []


def _is_text(field: FieldDescriptor) -> bool:
    return not field.is_repeated and field.cpp_type in {
        FieldDescriptor.CPPTYPE_STRING,
        FieldDescriptor.CPPTYPE_ENUM,
    }


def _zero(field: FieldDescriptor) -> Any:  # noqa: ANN401 - of whichever type the field is
    if _is_map(field):
        return {}
    if field.is_repeated:
        return []
    # Its zero means that nothing was said.
    return str(field.default_value) if field.enum_type is not None else field.default_value


def _is_map(field: FieldDescriptor) -> bool:
    kind = field.message_type
    return kind is not None and kind.GetOptions().map_entry


def _value_reader(field: FieldDescriptor, *, is_strict: bool) -> Callable[[Any], Any] | None:
    """A function that reads a field's value; None where the value is plain already."""
    if _is_map(field):
        assert field.message_type is not None
        of_map = _value_reader(field.message_type.fields_by_name["value"], is_strict=is_strict)
        if of_map is None:
            return dict
        return lambda mapped: {key: of_map(value) for key, value in mapped.items()}
    of_one = _single_reader(field, is_strict=is_strict)
    if not field.is_repeated:
        return of_one
    return list if of_one is None else lambda values: [of_one(value) for value in values]


def _single_reader(field: FieldDescriptor, *, is_strict: bool) -> Callable[[Any], Any] | None:
    if field.enum_type is not None:
        return _enum_reader(field.enum_type, field.name, is_strict=is_strict)
    if field.message_type is None:
        return msgspec.json.decode if field.full_name in _JSON_TEXTS else None
    if field.message_type.full_name == _TIMESTAMP:
        return lambda at: _moment_text(at, field.name)
    return _reader(field.message_type, is_strict=is_strict)


def _enum_reader(kind: EnumDescriptor, name: str, *, is_strict: bool) -> Callable[[int], str]:
    texts = texts_of(kind)

    def read(number: int) -> str:
        text = texts.get(number)
        if text is not None:
            return text
        if not is_strict:
            return str(number)
        known = ", ".join(value.name for value in kind.values if value.number)
        raise CodecError(name, f"{name} was {number}, which is none of {known}.")

    return read


def _moment_text(at: Any, name: str) -> str:  # noqa: ANN401 - a Timestamp, of whichever pool
    """RFC 3339 in UTC, to the microsecond, as JSON has times."""
    detail = f"{name} is no time between the years 1 and 9999. Check its seconds and nanos."
    if not 0 <= at.nanos < _NANOS:
        raise CodecError(name, detail)
    try:
        moment = _EPOCH + dt.timedelta(seconds=at.seconds, microseconds=at.nanos // 1_000)
    except OverflowError:
        raise CodecError(name, detail) from None
    return moment.isoformat().replace("+00:00", "Z")


def _unknown_field(kind: Descriptor, message: Message) -> CodecError:
    unknown = UnknownFieldSet(message)
    numbers = sorted({unknown[at].field_number for at in range(len(unknown))})
    return CodecError(
        kind.name,
        f"{kind.name} has no field {', '.join(map(str, numbers))} here, so it cannot be heeded. "
        "Leave it out, or wait until this service is as new as its caller.",
    )


def _read_result(message: Any) -> Plain:  # noqa: ANN401 - a CommandResult
    result: Plain = {"status": message.status, "replayed": message.replayed, "body": {}}
    if (name := message.WhichOneof("body")) is not None:
        body = getattr(message, name)
        result["body"] = _reader(body.DESCRIPTOR, is_strict=False)(body)
    return result


def _read_problem(message: Any) -> Plain:  # noqa: ANN401 - a Problem
    document = {name: getattr(message, name) for name in ("type", "title", "status", "detail")}
    return {**message.facts, **document}


_RESPONSES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "CommandResult": _read_result,
    "Problem": _read_problem,
    "Attribute": lambda message: getattr(message, message.WhichOneof("value") or "text"),
    "PeriodPrices": lambda message: dict(message.prices_cny),
}
"""Messages that are not shaped as their JSON."""


@cache
def response_writer(kind: Descriptor) -> Writer:
    """A function that makes the fields of a response of its body. It raises CodecError."""
    inner = _only_message(kind)
    if inner is None:
        return writer_of(kind)
    assert inner.message_type is not None
    write, name = writer_of(inner.message_type), inner.name
    return lambda plain: {name: write(plain)}


@cache
def writer_of(kind: Descriptor) -> Writer:
    """A function that makes a message's fields of JSON's values; null is left out.

    With a `kind` oneof, what the message has no field for goes into the one that `kind` names. It
    raises CodecError for what has no place, and for an unknown text of an enum.
    """
    if kind.name == "CommandResult":
        return _result_writer(kind)
    inner = {field.name: _inner_writer(field) for field in _kinds(kind)}
    outer = {field.name: _value_writer(field) for field in kind.fields if field.name not in inner}

    def write(plain: Mapping[str, Any]) -> Fields:
        fields: Fields = {}
        others: Plain = {}
        for name, value in plain.items():
            if value is None:
                continue
            if name in outer:
                convert = outer[name]
                fields[name] = value if convert is None else convert(value)
            else:
                others[name] = value
        if others:
            chosen = others.pop(KIND, None) if inner else None
            if chosen not in inner:
                raise CodecError(next(iter(others), KIND), _no_place(kind, chosen, others))
            fields[chosen] = inner[chosen](others)
        return fields

    return write


def _no_place(kind: Descriptor, chosen: object, others: Plain) -> str:
    if chosen is None:
        return f"{', '.join(others)} is no field of {kind.name}."
    return f"{kind.name} is of no kind {chosen!r} here."


def _inner_writer(field: FieldDescriptor) -> Writer:
    assert field.message_type is not None, field.full_name
    return writer_of(field.message_type)


def _value_writer(field: FieldDescriptor) -> Callable[[Any], Any] | None:
    """A function that makes a field's value of JSON's; None where they are the same."""
    if _is_map(field):
        assert field.message_type is not None
        of_map = _value_writer(field.message_type.fields_by_name["value"])
        if of_map is None:
            return None
        return lambda mapped: {key: of_map(value) for key, value in mapped.items()}
    of_one = _single_writer(field)
    if of_one is None or not field.is_repeated:
        return of_one
    return lambda values: [of_one(value) for value in values]


def _single_writer(field: FieldDescriptor) -> Callable[[Any], Any] | None:
    kind = field.message_type
    if field.enum_type is not None:
        return _enum_writer(field.enum_type, field.name)
    if kind is None:
        if field.full_name in _JSON_TEXTS:
            return _json_text
        return _whole_writer(field.name) if field.cpp_type in _WHOLE else None
    if kind.full_name == _TIMESTAMP:
        return _timestamp
    match kind.name:
        case "Attribute":
            return lambda value: {_SCALARS[type(value)]: value}
        case "PeriodPrices":
            return lambda prices: {"prices_cny": prices}
        case _:
            return writer_of(kind)


def _whole_writer(name: str) -> Callable[[Any], int]:
    def write(value: Any) -> int:  # noqa: ANN401 - JSON
        # Protobuf would take a flag for a number, and a service must not round one.
        if type(value) is not int:
            raise CodecError(name, f"{name} was {value!r}; it is a whole number.")
        return value

    return write


def _enum_writer(kind: EnumDescriptor, name: str) -> Callable[[str], int]:
    numbers: dict[Any, int] = {text: number for number, text in texts_of(kind).items()}

    def write(text: Any) -> int:  # noqa: ANN401 - JSON
        if text not in numbers:
            known = ", ".join(numbers)
            raise CodecError(name, f"{name} was {text!r}; it is one of {known}.")
        return numbers[text]

    return write


def _json_text(value: Any) -> str:  # noqa: ANN401 - any JSON
    """JSON as text; bytes are such a text already."""
    return (value if isinstance(value, bytes) else msgspec.json.encode(value)).decode()


def _result_writer(kind: Descriptor) -> Writer:
    """Writes the result of a command: its body goes where it has just the fields of the message."""
    bodies = [field for field in kind.fields if field.containing_oneof is not None]
    writers = {field.name: _inner_writer(field) for field in bodies}
    names = {
        frozenset(field.message_type.fields_by_name): field.name
        for field in bodies
        if field.message_type is not None
    }

    def write(plain: Mapping[str, Any]) -> Fields:
        body = plain["body"]
        name = names.get(frozenset(body), "problem")
        inner = _problem(body) if name == "problem" else writers[name](body)
        return {"status": plain["status"], "replayed": plain["replayed"], name: inner}

    return write


def _problem(document: Mapping[str, Any]) -> Fields:
    standard = ("type", "title", "status", "detail")
    facts = {name: fact for name, fact in document.items() if name not in standard}
    fields = {name: document[name] for name in standard}
    slug = document["type"].rsplit("/", 1)[-1]
    return {**fields, "reason": reason_of(slug), "facts": facts_of(facts)}


def _timestamp(text: str) -> Fields:
    past = dt.datetime.fromisoformat(text) - _EPOCH
    return {"seconds": past.days * 86_400 + past.seconds, "nanos": past.microseconds * 1_000}
