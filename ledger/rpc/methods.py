"""Every operation of the contract with its messages, by the names that both have."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

import msgspec
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from msgspec import Struct

from ledger.contract.fields import KeyText, checked_id
from ledger.contract.operation import Operation
from ledger.contract.problems import ProblemError, malformed_from, problem
from ledger.v1.codec import CodecError, Plain, Reader, Writer, request_reader, response_writer
from ledger.v1.services import SERVICES, path_of

M = TypeVar("M", bound=Message)

KEY: Final = "idempotency_key"
_CONTRACT: Final = "ledger/v1"


class OperationInput(Struct, frozen=True, gc=False):
    """A request as operations take it: ids of its path, query, body and idempotency key."""

    params: Mapping[str, str]
    query: Any
    body: Any
    key: str


class Method:
    """A unary call: its operation, and how its messages become the operation's input and answer."""

    def __init__(self, descriptor: MethodDescriptor, operation: Operation) -> None:
        self.operation = operation
        self.name = descriptor.name
        self.path = path_of(descriptor)
        self.input_type, self.output_type = descriptor.input_type, descriptor.output_type
        self._request, self._response = (
            GetMessageClass(self.input_type),
            GetMessageClass(self.output_type),
        )
        self._read: Reader = request_reader(self.input_type)
        self._write: Writer = response_writer(self.output_type)
        self._params = [part[1:-1] for part in operation.path.split("/") if part[:1] == "{"]
        self._nothing = None if operation.query.__struct_fields__ else operation.query()
        self._has_replayed = "replayed" in self.output_type.fields_by_name

    def parse(self, raw: bytes) -> Any:  # noqa: ANN401 - a message, with the fields of its kind
        """The request's message. Raises ProblemError `body-too-large` and `malformed`."""
        return parsed(self._request, raw, self.operation.body_max)

    def input_of(self, message: Message) -> OperationInput:
        """The operation's input. Raises ProblemError, in HTTP's order of precedence."""
        operation, values = self.operation, read_strictly(self._read, message)
        params = {name: checked_id(values.pop(name, ""), name) for name in self._params}
        query = self._nothing
        if query is None:
            query = converted(values, operation.query)
        key = _checked_key(values.pop(KEY, "")) if operation.needs_key else ""
        body = None if operation.body is None else converted(values, operation.body)
        return OperationInput(params, query, body, key)

    def response_bytes(self, answer: Any, request_id: str, *, replayed: bool) -> bytes:  # noqa: ANN401
        """The response message of an answer, serialised."""
        fields = self._write(plain_of(answer))
        fields["request_id"] = request_id
        if replayed and self._has_replayed:
            fields["replayed"] = True
        return self._response(**fields).SerializeToString()


def read_strictly(read: Reader, message: Message) -> Plain:
    """A request as plain values. Raises ProblemError `malformed` for what JSON could not say."""
    try:
        return read(message)
    except CodecError as error:
        raise ProblemError(problem("malformed", str(error), field=error.field)) from None


def plain_of(answer: Any) -> Any:  # noqa: ANN401 - a struct of the contract
    """An answer as JSON has it; an event's payload is the very text that was hashed, in bytes."""
    return msgspec.to_builtins(answer, enc_hook=bytes, builtin_types=(bytes,))


def parsed(kind: type[M], raw: bytes, limit: int) -> M:
    """The message of these bytes. Raises ProblemError `body-too-large` and `malformed`."""
    if len(raw) > limit:
        detail = f"The message is larger than the {limit} bytes that this call takes."
        raise ProblemError(problem("body-too-large", detail, limit_bytes=limit))
    try:
        return kind.FromString(raw)
    except DecodeError as error:
        detail = f"The message is no {kind.DESCRIPTOR.full_name}: {error}. See {_CONTRACT}."
        raise ProblemError(problem("malformed", detail)) from None


def converted(values: Mapping[str, Any], kind: Any) -> Any:  # noqa: ANN401 - a struct, or one of several
    """The struct of plain values. Raises ProblemError `malformed`, naming the field."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise ProblemError(malformed_from(str(error), see=_CONTRACT)) from None


def _checked_key(given: str) -> str:
    if not given:
        detail = f"This call needs {KEY}: any text that is unique to the command."
        raise ProblemError(problem("malformed", detail, field=KEY))
    try:
        return msgspec.convert(given, KeyText)
    except msgspec.ValidationError:
        detail = f"{KEY} is 1 to 255 visible ASCII characters."
        raise ProblemError(problem("malformed", detail, field=KEY)) from None


def methods_for(operations: Iterable[Operation]) -> list[Method]:
    """Every unary call, each with its operation: ReadWallet is readWallet."""
    by_name = {operation.id[0].upper() + operation.id[1:]: operation for operation in operations}
    return [
        Method(descriptor, by_name[descriptor.name])
        for service in SERVICES
        for descriptor in service.methods
        if not descriptor.server_streaming
    ]
