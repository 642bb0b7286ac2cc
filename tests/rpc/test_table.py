"""The table of calls: gRPC has every operation, all that is asked, and all that is answered."""

import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message_factory import GetMessageClass

from ledger import v1
from ledger.contract.calls.batches import AnyBatchCommand
from ledger.contract.calls.wallets import WalletStatus
from ledger.contract.operation import Operation
from ledger.contract.operations import OPERATIONS
from ledger.contract.problems import KINDS
from ledger.core.chart import SOURCES
from ledger.core.flows.adjustment import Direction
from ledger.core.purchases import OrderStatus
from ledger.core.wallet import HoldStatus, RefundStatus, TransferStatus
from ledger.queries.explanation import Rule
from ledger.rpc.methods import KEY, methods_for
from ledger.store.directory import NameKind
from ledger.store.keys import CallerKind, KeyKind, KeyState
from ledger.store.proposals import ProposalKind, ProposalStatus, Standing
from ledger.store.switches import SwitchKind
from ledger.v1 import (
    callers_pb2,
    generation_pb2,
    orders_pb2,
    proposals_pb2,
    support_pb2,
    values_pb2,
    wallet_pb2,
)
from ledger.v1.administration_pb2 import DESCRIPTOR as ADMINISTRATION
from ledger.v1.codec import response_reader, texts_of
from ledger.v1.refusals import CODES
from ledger.v1.services import SERVICES
from tests.rpc.calls import METHODS

CARRIED = [operation for operation in OPERATIONS if not operation.only_http]


def name_of(operation: Operation) -> str:
    """The name of an operation's call."""
    return operation.id[0].upper() + operation.id[1:]


def test_every_operation_has_a_call_and_every_call_an_operation() -> None:
    """Over gRPC there is all that is not about HTTP itself, and its two streams."""
    assert {name_of(operation) for operation in CARRIED} == set(METHODS) - {"Submit", "WatchEvents"}


def test_every_service_has_its_messages_alone() -> None:
    """Each call's request and response are its own, so that they can grow apart."""
    kinds = [
        kind.full_name
        for method in METHODS.values()
        for kind in (method.input_type, method.output_type)
    ]
    assert len(kinds) == len(set(kinds))
    protos = Path(str(v1.__file__)).parent.glob("*.proto")
    written = [
        name for file in protos for name in re.findall(r"(?m)^service (\w+)", file.read_text())
    ]
    assert sorted(service.name for service in SERVICES) == sorted(written)


def fields_of(kind: Any) -> set[str]:
    """The names of a struct's fields, or of several ones' with what tells them apart."""
    if isinstance(kind, types.UnionType):
        tags = {str(argument.__struct_config__.tag) for argument in get_args(kind)}
        return tags | {name for argument in get_args(kind) for name in fields_of(argument)}
    return set() if kind is None else {field.encode_name for field in msgspec.structs.fields(kind)}


def names_in(kind: Any) -> set[str]:
    """The fields of a message, and of those in its `kind`."""
    kinds = kind.oneofs_by_name["kind"].fields if "kind" in kind.oneofs_by_name else []
    return set(kind.fields_by_name) | {
        name for kind in kinds for name in names_in(kind.message_type)
    }


@pytest.mark.parametrize("operation", CARRIED, ids=lambda operation: operation.id)
def test_a_call_asks_for_what_its_operation_takes(operation: Operation) -> None:
    """Path, query, body and key, under their names, and nothing else but the request's id."""
    request = METHODS[name_of(operation)].input_type
    taken = {part[1:-1] for part in operation.path.split("/") if part.startswith("{")}
    taken |= fields_of(operation.query) | fields_of(operation.body)
    taken |= {KEY} if operation.needs_key else set()
    if operation.id == "batch":
        assert set(request.fields_by_name) == {"request_id", "commands"}
        return
    assert names_in(request) == taken | {"request_id"}


def answers_of(operation: Operation) -> Iterator[type]:
    """Every kind of answer that an operation has."""
    for answer in operation.schemas.values():
        yield from get_args(answer) if isinstance(answer, types.UnionType) else (answer,)


def structs_in(kind: Any) -> list[Any]:
    """The structs that a value may be, itself or within a list or a mapping."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    return [struct for argument in get_args(kind) for struct in structs_in(argument)]


def has_place(message: Any, struct: Any) -> bool:
    """Whether a message has a field for each of a struct's, and theirs for theirs."""
    tag = str(struct.__struct_config__.tag)
    inner = message.fields_by_name[tag].message_type if tag in message.fields_by_name else None
    hints = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        place = message.fields_by_name.get(field.name)
        if place is None and inner is not None:
            place = inner.fields_by_name.get(field.name)
        if place is None:
            return False
        of = place.message_type
        if of is not None and of.GetOptions().map_entry:
            of = of.fields_by_name["value"].message_type
        if not all(
            of is not None and has_place(of, part) for part in structs_in(hints[field.name])
        ):
            return False
    return True


@pytest.mark.parametrize("operation", CARRIED, ids=lambda operation: operation.id)
def test_a_response_has_a_place_for_every_field_of_its_answer(operation: Operation) -> None:
    """Also for what is null in the example; the example is told as it is over HTTP."""
    response: Any = METHODS[name_of(operation)].output_type
    about = [field for field in response.fields if field.name not in {"replayed", "request_id"}]
    is_one = len(about) == 1 and about[0].message_type and not about[0].is_repeated
    message = about[0].message_type if is_one else response
    if operation.id != "batch":  # whose results are of every kind
        assert all(has_place(message, answer) for answer in answers_of(operation))
    [method] = [method for method in methods_for(OPERATIONS) if method.name == name_of(operation)]
    raw = method.response_bytes(operation.example_answer, "r", replayed=False)
    read_back = response_reader(response)(GetMessageClass(response).FromString(raw))
    plain = msgspec.json.decode(msgspec.json.encode(operation.example_answer))
    assert without_nothing(read_back) == without_nothing(plain)


def without_nothing(value: Any) -> Any:
    """JSON without what is null or an empty list; over gRPC null is left out."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if item is not None and item != []}
        return {key: without_nothing(item) for key, item in kept.items()}
    return [without_nothing(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("operation", CARRIED, ids=lambda operation: operation.id)
def test_only_calls_with_a_key_tell_of_replays(operation: Operation) -> None:
    """`replayed` is in the response of every call that has a key, and of no other."""
    response = METHODS[name_of(operation)].output_type
    assert ("replayed" in response.fields_by_name) == operation.needs_key
    assert "request_id" in response.fields_by_name


def test_batches_take_every_command_of_http() -> None:
    """Each kind is a field of `Command`, with the fields of its own call."""
    command = generation_pb2.Command.DESCRIPTOR
    kinds = {
        str(argument.__struct_config__.tag): argument for argument in get_args(AnyBatchCommand)
    }
    assert set(command.fields_by_name) == set(kinds)
    for tag, kind in kinds.items():
        request: Any = command.fields_by_name[tag].message_type
        assert set(request.fields_by_name) == fields_of(kind) | {"request_id"}


ENUMS = {
    values_pb2.Source.DESCRIPTOR: SOURCES,
    generation_pb2.HoldStatus.DESCRIPTOR: get_args(HoldStatus),
    orders_pb2.OrderStatus.DESCRIPTOR: get_args(OrderStatus),
    orders_pb2.RefundStatus.DESCRIPTOR: get_args(RefundStatus),
    wallet_pb2.TransferStatus.DESCRIPTOR: get_args(TransferStatus),
    wallet_pb2.WalletStatus.DESCRIPTOR: get_args(WalletStatus),
    ADMINISTRATION.enum_types_by_name["SwitchKind"]: get_args(SwitchKind),
    callers_pb2.CallerKind.DESCRIPTOR: get_args(CallerKind),
    callers_pb2.KeyKind.DESCRIPTOR: get_args(KeyKind),
    callers_pb2.KeyState.DESCRIPTOR: get_args(KeyState),
    proposals_pb2.ProposalKind.DESCRIPTOR: get_args(ProposalKind),
    proposals_pb2.ProposalStatus.DESCRIPTOR: get_args(ProposalStatus),
    proposals_pb2.ProposalStanding.DESCRIPTOR: get_args(Standing),
    proposals_pb2.Direction.DESCRIPTOR: get_args(Direction),
    support_pb2.NameKind.DESCRIPTOR: get_args(NameKind),
    support_pb2.SpendingRule.DESCRIPTOR: get_args(Rule),
}


@pytest.mark.parametrize("kind", ENUMS, ids=lambda kind: kind.name)
def test_an_enum_has_a_number_for_each_text_of_a_closed_set(kind: EnumDescriptor) -> None:
    """And for no other."""
    assert set(texts_of(kind).values()) == set(ENUMS[kind])


def test_every_problem_has_a_status() -> None:
    """Whatever HTTP can say, gRPC can."""
    assert {status for status, _ in KINDS.values()} <= set(CODES)
