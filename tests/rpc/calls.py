"""What a caller over gRPC does, said shortly; what it hears told as JSON has it."""

import datetime as dt
import json
import uuid
from collections.abc import Awaitable, Mapping
from typing import Any, Final, Self

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from msgspec import Struct

from ledger.v1.services import SERVICES
from tests.kit.keys import DEV_KEY

METHODS: Final[dict[str, MethodDescriptor]] = {
    method.name: method for service in SERVICES for method in service.methods
}
JSON_TEXTS: Final = {
    f"ledger.v1.{name}" for name in ("Event.payload", "Act.detail", "ProposalOutcome.body")
}
"""Fields that are JSON in a text."""

LARGE: Final = 64 * 1024 * 1024


def path_of(name: str) -> str:
    """Where a call is."""
    return f"/{METHODS[name].containing_service.full_name}/{name}"


def bearer(key: str) -> tuple[tuple[str, str], ...]:
    """The metadata of a key."""
    return (("authorization", f"Bearer {key}"),)


class Rpc:
    """A channel to a service, and the key that is sent with every call."""

    def __init__(
        self,
        port: int,
        key: str | None = DEV_KEY,
        credentials: grpc.ChannelCredentials | None = None,
        options: Mapping[str, int] | None = None,
    ) -> None:
        known: dict[str, int] = {
            "grpc.max_receive_message_length": LARGE,
            "grpc.use_local_subchannel_pool": 1,
        }
        chosen = tuple(
            (known | {f"grpc.{name}": value for name, value in (options or {}).items()}).items()
        )
        address = f"localhost:{port}"
        if credentials is None:
            self.channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", chosen)
        else:
            self.channel = grpc.aio.secure_channel(address, credentials, chosen)
        self.metadata = () if key is None else bearer(key)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.channel.close()

    def start(
        self,
        name: str,
        *,
        raw: bytes | None = None,
        **fields: Any,
    ) -> Any:
        """Begin a unary call; `raw` are the bytes of a message that this side does not know.

        `timeout` and `metadata` are the call's own.
        """
        timeout, metadata = fields.pop("timeout", 240), fields.pop("metadata", ())
        method = METHODS[name]
        request = GetMessageClass(method.input_type)
        call: Any = self.channel.unary_unary(
            path_of(name),
            request_serializer=lambda sent: sent,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        sent = request(**fields).SerializeToString() if raw is None else raw
        return call(sent, timeout=timeout, metadata=(*self.metadata, *metadata))

    async def call(self, name: str, **more: Any) -> Any:
        """A unary call's response; one that takes a key has a fresh one unless it is given."""
        if "idempotency_key" in METHODS[name].input_type.fields_by_name and "raw" not in more:
            more.setdefault("idempotency_key", uuid.uuid4().hex)
        return await self.start(name, **more)

    def watch(self, shard: int, after_seq: int = 0, timeout: float | None = None) -> Any:
        """Begin to follow a shard."""
        method = METHODS["WatchEvents"]
        call: Any = self.channel.unary_stream(
            path_of("WatchEvents"),
            request_serializer=lambda sent: sent.SerializeToString(),
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        request = GetMessageClass(method.input_type)(shard=shard, after_seq=after_seq)
        return call(request, timeout=timeout, metadata=self.metadata)

    def submit(self, timeout: float | None = None) -> Any:
        """Begin a stream of commands; written to and read from by hand."""
        call: Any = self.channel.stream_stream(
            path_of("Submit"),
            request_serializer=lambda sent: (
                sent if isinstance(sent, bytes) else sent.SerializeToString()
            ),
            response_deserializer=GetMessageClass(METHODS["Submit"].output_type).FromString,
        )
        return call(timeout=timeout, metadata=self.metadata)


class Refusal(Struct, frozen=True):
    """How a call ended that was refused."""

    code: str
    detail: str
    reason: str
    facts: dict[str, str]
    retry_after_s: int | None
    replayed: bool
    request_id: str


def refusal_of(error: grpc.aio.AioRpcError) -> Refusal:
    """What the status of a refused call tells; it must tell it twice alike."""
    trailing: dict[str, Any] = dict(error.trailing_metadata())
    status = Status.FromString(trailing["grpc-status-details-bin"])
    assert (status.code, status.message) == (error.code().value[0], error.details())
    info, retry = ErrorInfo(), RetryInfo()
    assert status.details[0].Unpack(info)
    told_when = len(status.details) > 1 and status.details[1].Unpack(retry)
    assert info.domain == "ledger.example"
    return Refusal(
        error.code().name,
        str(error.details()),
        info.reason,
        dict(info.metadata),
        retry.retry_delay.seconds if told_when else None,
        "idempotency-replayed" in trailing,
        trailing["x-request-id"],
    )


async def refused(call: Awaitable[Any], code: str, reason: str) -> Refusal:
    """The refusal that a call comes to; it must be this one."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        refusal = refusal_of(error)
        assert (refusal.code, refusal.reason) == (code, reason), refusal
        return refusal
    raise AssertionError(f"it was not refused: {answer}")


def json_of(message: Message) -> dict[str, Any]:
    """A message as the JSON contract has it, written apart from the service's own converter."""
    body: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        if field.containing_oneof is not None and field.containing_oneof.name == "kind":
            if message.HasField(field.name):
                body |= {"kind": field.name, **json_of(getattr(message, field.name))}
            continue
        absent = field.has_presence and not message.HasField(field.name)
        body[field.name] = None if absent else _value(field, getattr(message, field.name))
    return body


def _value(field: Any, value: Any) -> Any:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        of = field.message_type.fields_by_name["value"]
        return {name: _item(of, each) for name, each in value.items()}
    return [_item(field, each) for each in value] if field.is_repeated else _item(field, value)


def _item(field: Any, value: Any) -> Any:
    if field.enum_type is not None:
        words = "".join(f"_{c}" if c.isupper() else c for c in field.enum_type.name).upper()
        name: str = field.enum_type.values_by_number[value].name
        return name.removeprefix(f"{words[1:]}_").lower()
    if field.message_type is None:
        return json.loads(value) if field.full_name in JSON_TEXTS else value
    if field.message_type.name == "Timestamp":
        at = dt.datetime.fromtimestamp(value.seconds, dt.UTC)
        return at.replace(microsecond=value.nanos // 1_000).isoformat().replace("+00:00", "Z")
    if field.message_type.name == "Attribute":
        return getattr(value, value.WhichOneof("value"))
    if field.message_type.name == "PeriodPrices":
        return dict(value.prices_cny)
    return json_of(value)


def new_wallet_id() -> str:
    """A wallet that nobody has seen yet."""
    return f"w-{uuid.uuid4().hex}"


async def give(rpc: Rpc, wallet_id: str, amount: str = "100", **more: str) -> None:
    """Grant INSPIRATION, or what `more` says."""
    fields = {"currency": "INSPIRATION", "source": "SOURCE_PROMOTIONAL", "reason": "test"}
    await rpc.call("Grant", wallet_id=wallet_id, amount=amount, **(fields | more))


async def funded(rpc: Rpc, amount: str = "100") -> str:
    """A new wallet with points that never expire."""
    wallet_id = new_wallet_id()
    await give(rpc, wallet_id, amount)
    return wallet_id


async def available(rpc: Rpc, wallet_id: str, currency: str = "INSPIRATION") -> str:
    """What the wallet may spend."""
    response = await rpc.call("ReadWallet", wallet_id=wallet_id)
    amount: str = response.wallet.balances[currency].available
    return amount
