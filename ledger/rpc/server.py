"""The gRPC server of one process: where it listens, what it serves, its health and its end."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from ledger.contract.operation import BATCH_BODY_MAX
from ledger.contract.operations import OPERATIONS
from ledger.rpc import command_stream, event_stream
from ledger.rpc.command_stream import CommandStream
from ledger.rpc.edge import Edge
from ledger.rpc.event_stream import EventStream
from ledger.rpc.methods import methods_for
from ledger.rpc.unary import Unary
from ledger.service import Ledger
from ledger.settings import Settings, SettingsError
from ledger.v1.services import SERVICES

HEALTH_EVERY_S: Final = 0.5
DRAINING_SEEN_IN_S: Final = 0.1

UNARY_END_S: Final = 5.0
STREAMS_END_S: Final = 1.0
"""For how long calls under way are waited for at the end; the supervisor's patience is 15 s."""

CUT_OFF_S: Final = 0.2

OPTIONS: Final = (
    ("grpc.so_reuseport", 1),  # the workers of a service share the port
    ("grpc.max_receive_message_length", BATCH_BODY_MAX),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_concurrent_streams", 1_024),
    # What a connection may send ahead of its being read: memory, and 20 MB/s at 50 ms of distance.
    ("grpc.http2.lookahead_bytes", 1024 * 1024),
    ("grpc.http2.bdp_probe", 0),
    # A caller that is gone without closing its connection is noticed within 40 s.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),  # any number: a caller that only waits sends nothing
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
)

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

_SERVING: Final = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING: Final = health_pb2.HealthCheckResponse.NOT_SERVING

_log: Final = structlog.get_logger("ledger.rpc")


class Server:
    """One process's server. Belongs to the loop it was made in."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._edge = Edge(ledger)
        self._server = grpc.aio.server(options=OPTIONS)
        self._health = health.aio.HealthServicer()
        self._background: list[asyncio.Task[None]] = []

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return self._edge.streams

    async def start(self) -> int:
        """Listen and serve; returns the port. Raises SettingsError if it cannot listen there."""
        self._server.add_generic_rpc_handlers(_handlers(self._edge))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = [service.full_name for service in SERVICES]
        served = (*names, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(served, self._server)
        port = _listen(self._server, self._ledger.settings)
        await self._publish_health()
        await self._server.start()
        self._background = [
            asyncio.create_task(self._keep_health_current(), name="gRPC health"),
            asyncio.create_task(self._wait_for_the_end(), name="gRPC draining"),
        ]
        return port

    async def stop(self) -> None:
        """Answer calls under way, end streams, then close all connections."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._health.enter_graceful_shutdown()
        self._edge.wake()
        await self._edge.wait_until_idle(UNARY_END_S, STREAMS_END_S)
        await self._server.stop(CUT_OFF_S)

    async def _keep_health_current(self) -> None:
        while True:
            await asyncio.sleep(HEALTH_EVERY_S)
            await self._publish_health()

    async def _publish_health(self) -> None:
        try:
            state = _SERVING if await self._ledger.readiness.why_not() is None else _NOT_SERVING
        except Exception as error:  # noqa: BLE001 - a process that cannot tell does not serve
            _log.warning("health_unknown", error=repr(error))
            state = _NOT_SERVING
        for name in ("", *(service.full_name for service in SERVICES)):
            await self._health.set(name, state)

    async def _wait_for_the_end(self) -> None:
        while not self._ledger.readiness.draining:  # noqa: ASYNC110 - it is set by a signal, which has no event
            await asyncio.sleep(DRAINING_SEEN_IN_S)
        await self._health.enter_graceful_shutdown()
        self._edge.wake()


def _handlers(edge: Edge) -> tuple[grpc.GenericRpcHandler, ...]:
    """Every call of every service; messages come and go as bytes."""
    handlers: dict[str, Handler] = {
        method.path: grpc.unary_unary_rpc_method_handler(Unary(edge, method).answer)
        for method in methods_for(OPERATIONS)
    }
    by_id = {operation.id: operation for operation in OPERATIONS}
    watch = EventStream(edge, by_id["readEvents"]).watch
    submit = CommandStream(edge, by_id["batch"]).submit
    handlers[event_stream.PATH] = grpc.unary_stream_rpc_method_handler(watch)
    handlers[command_stream.PATH] = grpc.stream_stream_rpc_method_handler(submit)
    return (_Handlers(handlers),)


class _Handlers(grpc.GenericRpcHandler):
    """Finds the handler of a call by one look-up, however many services there are."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "Handler | None":
        """The handler, if there is such a call."""
        return self._handlers.get(handler_call_details.method)


def _listen(server: grpc.aio.Server, settings: Settings) -> int:
    address = f"{settings.grpc_host}:{settings.grpc_port}"
    try:
        if settings.grpc_tls is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, _credentials(settings))
    except RuntimeError as error:
        raise SettingsError(
            f"gRPC cannot listen at {address}: set LEDGER_GRPC_PORT to a free one, or to off"
        ) from error


def _credentials(settings: Settings) -> grpc.ServerCredentials:
    """TLS, and with a client CA only callers that it certifies."""
    tls = settings.grpc_tls
    assert tls is not None
    client_ca = None if tls.client_ca is None else _bytes_of(tls.client_ca, "CLIENT_CA")
    pair = (_bytes_of(tls.key, "KEY"), _bytes_of(tls.cert, "CERT"))
    return grpc.ssl_server_credentials([pair], client_ca, require_client_auth=client_ca is not None)


def _bytes_of(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"LEDGER_GRPC_TLS_{what} is {path}, which cannot be read: {error.strerror}"
        ) from error


@asynccontextmanager
async def serving(ledger: Ledger) -> AsyncIterator[int | None]:
    """Serve gRPC during the `async with` block; yields the port, None where gRPC is off."""
    if ledger.settings.grpc_port is None:
        yield None
        return
    server = Server(ledger)
    try:
        yield await server.start()
    finally:
        await server.stop()
