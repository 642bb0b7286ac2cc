"""The gRPC transport: one channel, kept alive, each attempt with its deadline."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final, Self

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from ledger.client.transport import Lost, NotSent, Reply, Request
from ledger.v1.codec import response_reader, writer_of
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
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # A half-open connection is found out while calls wait on it.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)

_MAYBE_DONE: Final = frozenset({grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE})
"""Without a reason of the ledger's these are about the connection only: it may be done."""

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
        self._metadata = {} if key is None else {"authorization": f"Bearer {key}"}
        self._channel: grpc.aio.Channel | None = None

    @classmethod
    def at(cls, target: str, key: str | None, *, encrypted: bool) -> Self:
        """A channel to a target whose certificate the system's authorities vouch for, or plain."""
        return cls(target, key, credentials=grpc.ssl_channel_credentials() if encrypted else None)

    async def send(self, request: Request, timeout_s: float, context: Mapping[str, str]) -> Reply:
        """Send once. Raises NotSent or Lost; ValueError for what gRPC has no message for."""
        method, message = method_of(request), message_of(request)
        channel = await self._connected(timeout_s)
        call = channel.unary_unary(
            path_of(method),
            request_serializer=type(message).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        about = {} if request.request_id is None else {"x-request-id": request.request_id}
        metadata = tuple({**self._metadata, **context, **about}.items())
        try:
            answer: Message = await call(message, timeout=timeout_s, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            return _refusal(error)
        known: Any = answer
        return Reply(
            status=200,
            body=response_reader(method.output_type)(answer),
            replayed=getattr(known, "replayed", False),
            request_id=known.request_id,
        )

    async def watch(
        self, shard: int, after_seq: int, page_size: int, timeout_s: float
    ) -> AsyncGenerator[Reply, None]:
        """Pages of events as they are recorded; the ledger says how large. Raises NotSent."""
        del page_size
        channel = await self._connected(timeout_s)
        method = METHODS["WatchEvents"]
        watch_events = channel.unary_stream(
            path_of(method),
            request_serializer=WatchEventsRequest.SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        read = response_reader(method.output_type)
        message = WatchEventsRequest(shard=shard, after_seq=after_seq)
        stream: _EventCall = watch_events(message, metadata=tuple(self._metadata.items()))
        try:
            mark = dict(await stream.initial_metadata() or ()).get("x-request-id")
            request_id = None if mark is None else str(mark)
            if mark is not None:
                # It is accepted, though there is nothing new yet.
                nothing = {"items": [], "next": after_seq, "head": after_seq}
                yield Reply(status=200, body=nothing, request_id=request_id)
            async for page in stream:
                yield Reply(status=200, body=read(page), request_id=request_id)
        except grpc.aio.AioRpcError as error:
            yield _refusal(error)
        finally:
            stream.cancel()

    async def aclose(self) -> None:
        """Close the channel."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def _connected(self, timeout_s: float) -> grpc.aio.Channel:
        """The channel once it is connected, so that what fails later was perhaps sent."""
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
    """The request message of a call. Raises ValueError for what has no place in it."""
    plain = {**request.parameters, **request.query, **(request.body or {})}
    kind = method_of(request).input_type
    if request.key is not None and "idempotency_key" in kind.fields_by_name:
        plain["idempotency_key"] = request.key
    return GetMessageClass(kind)(**writer_of(kind)(plain))


def _refusal(error: grpc.aio.AioRpcError) -> Reply:
    """The problem in a gRPC status. Raises Lost for a status of the connection, not the ledger."""
    code, metadata = error.code(), tuple(error.trailing_metadata() or ())
    known = read_details(metadata)
    words = error.details() or code.name
    slug, facts, retry_after_s = known or ("", {}, None)
    status = status_of(code, slug)
    if status is None or (known is None and code in _MAYBE_DONE):
        raise Lost(f"no answer from the ledger: {words}") from error
    request_id = dict(metadata).get("x-request-id")
    return Reply(
        status=status,
        body={**facts, "type": f"{TYPE_BASE}{slug}", "detail": words},
        request_id=None if request_id is None else str(request_id),
        retry_after_s=retry_after_s,
    )
