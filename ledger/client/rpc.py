"""The gRPC transport: one channel, kept alive, each attempt with its deadline."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from time import monotonic
from typing import Any, Final, Self

import grpc
import msgspec
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from ledger.client.answers import unexpected
from ledger.client.fields import bearer
from ledger.client.transport import Lost, NotSent, Reply, Request
from ledger.v1.codec import CodecError, response_reader, writer_of
from ledger.v1.finance_pb2 import WatchEventsRequest
from ledger.v1.refusals import TYPE_BASE, read_details, status_of
from ledger.v1.services import METHODS, path_of

_RECONNECT_S: Final = 1.0
"""How long an attempt waits for a channel that could not connect before, and tries again."""

_OPTIONS: Final = (
    # The client itself decides what is sent again, and counts its attempts.
    ("grpc.enable_retries", 0),
    # An answer that is too large to be read would be an unknown outcome.
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    # It is also how long a connection has to come up.
    ("grpc.min_reconnect_backoff_ms", 5_000),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # A half-open connection is found out while calls wait on it.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)

_MAYBE_DONE: Final = frozenset({grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE})
"""Without a reason of the ledger's these are about the connection only: it may be done."""

_WHOLE: Final = frozenset(
    {FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_UINT32}
)

_EventCall = grpc.aio.UnaryStreamCall[Any, Any]


class GrpcTransport:
    """A channel to one ledger, in the event loop that first uses it.

    `target` is host and port. Without `credentials` nothing is encrypted; those with a certificate
    of the caller's own need no `key`.
    """

    def __init__(
        self,
        target: str,
        key: str | None,
        *,
        credentials: grpc.ChannelCredentials | None = None,
        connect_timeout_s: float = 5.0,
    ) -> None:
        self._target, self._credentials = target, credentials
        self._connect_timeout_s = connect_timeout_s
        self._metadata = {} if key is None else {"authorization": bearer(key)}
        self._channel: grpc.aio.Channel | None = None
        self._closed = False

    @classmethod
    def at(cls, target: str, key: str | None, *, encrypted: bool) -> Self:
        """A channel to a target whose certificate the system's authorities vouch for, or plain."""
        return cls(target, key, credentials=grpc.ssl_channel_credentials() if encrypted else None)

    async def send(self, request: Request, timeout_s: float, context: Mapping[str, str]) -> Reply:
        """Send once. Raises NotSent or Lost; ValueError for a call that only HTTP has."""
        method = method_of(request)
        try:
            message = message_of(request)
        except (CodecError, TypeError, ValueError) as error:
            # No message says this, so the ledger would refuse it over HTTP as well.
            return _malformed(request, error)
        give_up_at = monotonic() + timeout_s
        channel = await self._connected(timeout_s)
        call: Any = channel.unary_unary(path_of(method), request_serializer=_serialised)
        about = {} if request.request_id is None else {"x-request-id": request.request_id}
        metadata = tuple({**self._metadata, **context, **about}.items())
        try:
            left_s = max(give_up_at - monotonic(), 0.001)
            raw: Any = await call(message, timeout=left_s, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            return _refusal(error, request)
        return _reply(method, raw, request)

    async def watch(self, request: Request, timeout_s: float) -> AsyncGenerator[Reply, None]:
        """Pages of events as they are recorded; the ledger says how large. Raises NotSent or Lost.

        The first one is empty, and says that the stream was accepted.
        """
        channel = await self._connected(timeout_s)
        method = METHODS["WatchEvents"]
        watch_events: Any = channel.unary_stream(path_of(method), request_serializer=_serialised)
        shard, after_seq = int(request.query["shard"]), int(request.query["after_seq"])
        message = WatchEventsRequest(
            shard=shard, after_seq=after_seq, request_id=request.request_id or ""
        )
        stream: _EventCall = watch_events(message, metadata=tuple(self._metadata.items()))
        try:
            async with asyncio.timeout(timeout_s):
                is_accepted = "x-request-id" in dict(await stream.initial_metadata() or ())
            if is_accepted:
                nothing = {"items": [], "next": after_seq, "head": after_seq}
                yield Reply(status=200, body=nothing, request_id=request.request_id)
            async for raw in stream:
                yield _reply(method, raw, request)
        except TimeoutError as error:
            raise Lost("the ledger did not accept the stream in time") from error
        except grpc.aio.AioRpcError as error:
            yield _refusal(error, request)
        finally:
            stream.cancel()

    async def aclose(self) -> None:
        """Close the channel."""
        self._closed = True
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def _connected(self, timeout_s: float) -> grpc.aio.Channel:
        """The channel once it is connected, so that what fails later was perhaps sent."""
        if self._closed:
            raise RuntimeError("The client is closed; make another one.")
        channel = self._channel = self._channel or self._opened()
        state = channel.get_state(try_to_connect=True)
        if state is grpc.ChannelConnectivity.READY:
            return channel
        wait_s = min(timeout_s, self._connect_timeout_s)
        if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
            # An earlier attempt failed, and the channel says so until it is connected again: to
            # fail at once would use up all attempts within its pause.
            wait_s = min(wait_s, _RECONNECT_S)
        try:
            async with asyncio.timeout(wait_s):
                while state is not grpc.ChannelConnectivity.READY:
                    await channel.wait_for_state_change(state)
                    state = channel.get_state(try_to_connect=True)
                    if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                        raise NotSent(f"no connection to the ledger at {self._target}")
        except TimeoutError as error:
            raise NotSent(f"no connection to the ledger at {self._target} in time") from error
        return channel

    def _opened(self) -> grpc.aio.Channel:
        if self._credentials is None:
            return grpc.aio.insecure_channel(self._target, options=_OPTIONS)
        return grpc.aio.secure_channel(self._target, self._credentials, options=_OPTIONS)


def method_of(request: Request) -> MethodDescriptor:
    """The method of a call. Raises ValueError for one that only HTTP has."""
    name = request.operation.name
    method = METHODS.get(name[:1].upper() + name[1:])
    if method is None:
        raise ValueError(f"{request.operation.path} can be asked for over HTTP only.")
    return method


def message_of(request: Request) -> Message:
    """The request message of a call. Raises CodecError or ValueError for what none can say."""
    kind = method_of(request).input_type
    plain: dict[str, Any] = {**request.parameters, **(request.body or {})}
    for name, text in request.query.items():
        # A query is texts, a message has numbers.
        is_whole = kind.fields_by_name[name].type in _WHOLE
        plain[name] = int(text) if is_whole else text
    if request.key is not None and "idempotency_key" in kind.fields_by_name:
        plain["idempotency_key"] = request.key
    return GetMessageClass(kind)(**writer_of(kind)(plain))


def _serialised(message: Message) -> bytes:
    return message.SerializeToString()


def _reply(method: MethodDescriptor, raw: bytes, request: Request) -> Reply:
    """The reply in a response. Raises UnexpectedAnswer for bytes that are no such message."""
    reply = Reply(status=200, body=None, request_id=request.request_id)
    try:
        message: Any = GetMessageClass(method.output_type).FromString(raw)
        body = response_reader(method.output_type)(message)
    except (DecodeError, CodecError, msgspec.DecodeError) as error:
        raise unexpected(reply, f"no {method.output_type.name}: {error}") from error
    request_id = getattr(message, "request_id", "") or request.request_id
    replayed = getattr(message, "replayed", False)
    return Reply(status=200, body=body, replayed=replayed, request_id=request_id)


def _malformed(request: Request, error: Exception) -> Reply:
    document = {"type": f"{TYPE_BASE}malformed", "detail": f"The request is malformed: {error}"}
    field = {"field": error.field} if isinstance(error, CodecError) else {}
    return Reply(status=400, body={**field, **document}, request_id=request.request_id)


def _refusal(error: grpc.aio.AioRpcError, request: Request) -> Reply:
    """The problem in a gRPC status. Raises Lost for a status of the connection, not the ledger."""
    code, metadata = error.code(), tuple(error.trailing_metadata() or ())
    known = read_details(metadata)
    words = error.details() or code.name
    slug, facts, retry_after_s = known or ("", {}, None)
    status = status_of(code, slug)
    if status is None or (known is None and code in _MAYBE_DONE):
        raise Lost(f"no answer from the ledger: {words}") from error
    return Reply(
        status=status,
        body={**facts, "type": f"{TYPE_BASE}{slug}", "detail": words},
        request_id=str(dict(metadata).get("x-request-id", request.request_id)),
        retry_after_s=retry_after_s,
    )
