"""The gRPC transport: one channel, kept alive, each attempt with its deadline."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final, Self

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from ledger.client.messages import METHODS, body_of, message_of, method_of
from ledger.client.transport import Lost, NotSent, Reply, Request
from ledger.v1.finance_pb2 import WatchEventsRequest

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

_STATUSES: Final[Mapping[grpc.StatusCode, int]] = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.UNIMPLEMENTED: 405,
    grpc.StatusCode.FAILED_PRECONDITION: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 413,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNAVAILABLE: 503,
}
"""The status that HTTP gives a refusal, by its code."""

_BY_SLUG: Final = {"insufficient-funds": 402, "idempotency-key-reused": 422, "rate-limited": 429}

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
            _path(method),
            request_serializer=type(message).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        metadata = tuple({**self._metadata, **context}.items())
        try:
            answer: Message = await call(message, timeout=timeout_s, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            return _refusal(error)
        about: Any = answer
        return Reply(
            status=200,
            body=body_of(answer),
            replayed=getattr(about, "replayed", False),
            request_id=about.request_id,
        )

    def watch(self, shard: int, after_seq: int) -> AsyncGenerator[Reply, None] | None:
        """Events as they are recorded, page after page."""
        return self._watch(shard, after_seq)

    async def _watch(self, shard: int, after_seq: int) -> AsyncGenerator[Reply, None]:
        channel = await self._connected(self._connect_timeout_s)
        method = METHODS["WatchEvents"]
        watch_events = channel.unary_stream(
            _path(method),
            request_serializer=WatchEventsRequest.SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        message = WatchEventsRequest(shard=shard, after_seq=after_seq)
        stream: _EventCall = watch_events(message, metadata=tuple(self._metadata.items()))
        try:
            if "x-request-id" in dict(await stream.initial_metadata() or ()):
                yield Reply(status=200, body={"items": [], "next": after_seq, "head": after_seq})
            async for page in stream:
                yield Reply(status=200, body=body_of(page))
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


def _path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


def _refusal(error: grpc.aio.AioRpcError) -> Reply:
    """The problem in a gRPC status. Raises Lost for a status of the connection, not the ledger."""
    code, (info, retry) = error.code(), _details(error)
    words = error.details() or code.name
    status = _STATUSES.get(code)
    if status is None or (info is None and code in _MAYBE_DONE):
        raise Lost(f"no answer from the ledger: {words}") from error
    slug = "" if info is None else info.reason.lower().replace("_", "-")
    facts = {} if info is None else dict(info.metadata)
    return Reply(
        status=_BY_SLUG.get(slug, status),
        body={**facts, "type": f"https://ledger.example/problems/{slug}", "detail": words},
        retry_after_s=None if retry is None else retry.retry_delay.ToTimedelta().total_seconds(),
    )


def _details(error: grpc.aio.AioRpcError) -> tuple[ErrorInfo | None, RetryInfo | None]:
    info, retry = None, None
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in Status.FromString(value).details:
                if detail.Is(ErrorInfo.DESCRIPTOR):
                    info = ErrorInfo.FromString(detail.value)
                elif detail.Is(RetryInfo.DESCRIPTOR):
                    retry = RetryInfo.FromString(detail.value)
    return info, retry
