"""TLS: the server proves itself, and with a client CA callers prove who they are."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import grpc
import pytest

from ledger.cli.keys import add_token
from ledger.settings import SettingsError, Tls, read_settings
from ledger.store.pool import connect_service
from tests.kit.certificates import Authorities, register
from tests.kit.databases import Database
from tests.kit.keys import DEV_KEY
from tests.kit.serving import Served, free_port
from tests.rpc.calls import Rpc, bearer, refused
from tests.rpc.conftest import Alone, start_alone

POINT: Final = {"wallet_id": "w", "currency": "INSPIRATION", "amount": "1"}


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Authorities:
    """Made for this run, in a folder that goes with it."""
    return Authorities(tmp_path_factory.mktemp("tls"))


@contextlib.asynccontextmanager
async def secured(
    database: Database, authorities: Authorities, *, mutual: bool
) -> AsyncIterator[Alone]:
    """A server over TLS, with a key that may read and spend."""
    connection = await connect_service(database.url)
    scopes = ["wallet:read", "debit:write"]
    await add_token(connection, ("key-tls", "by-key", DEV_KEY, scopes, None))
    await connection.close()
    client_ca = authorities.client_ca if mutual else None
    own_service = await start_alone(database.url, Tls(authorities.cert, authorities.key, client_ca))
    try:
        yield own_service
    finally:
        await own_service.server.stop()
        await own_service.ledger.close()


async def test_over_tls_keys_count_as_ever(database: Database, authorities: Authorities) -> None:
    """The server proves itself; whoever does not trust it, or speaks plainly, gets nowhere."""
    async with secured(database, authorities, mutual=False) as server:
        async with Rpc(server.port, credentials=authorities.credentials()) as rpc:
            assert (await rpc.call("ReadWallet", wallet_id="w")).wallet.wallet_id == "w"
        async with Rpc(server.port, None, authorities.credentials()) as rpc:
            read = rpc.call("ReadWallet", wallet_id="w")
            await refused(read, "UNAUTHENTICATED", "UNAUTHENTICATED")
        stranger = grpc.ssl_channel_credentials(authorities.strangers.cert_pem.bytes())
        for credentials in (stranger, None):
            async with Rpc(server.port, credentials=credentials) as rpc:
                await unreachable(rpc)


async def unreachable(rpc: Rpc) -> None:
    """No call gets through, and none is answered."""
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await rpc.call("ReadWallet", wallet_id="w", timeout=60)
    assert failure.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "x-request-id" not in dict(failure.value.trailing_metadata())


@pytest.mark.parametrize(
    ("names", "identity"),
    [
        (
            ("studio.house", "spiffe://house/studio", "spiffe://house/other"),
            "spiffe://house/studio",
        ),
        (("studio.house", "other.house"), "studio.house"),
        (("CN=studio",), "studio"),
        (("CN=studio", "studio.house"), "studio.house"),
    ],
)
async def test_the_certificate_says_who_calls(
    database: Database,
    authorities: Authorities,
    names: tuple[str, ...],
    identity: str,
) -> None:
    """By its first URI, else its first DNS name, else its common name; scopes are the caller's."""
    await register(database.url, identity, "wallet:read")
    async with (
        secured(database, authorities, mutual=True) as server,
        Rpc(server.port, None, authorities.credentials(*names)) as rpc,
    ):
        assert (await rpc.call("ReadWallet", wallet_id="w")).wallet.wallet_id == "w"
        refusal = await refused(rpc.call("Debit", **POINT), "PERMISSION_DENIED", "FORBIDDEN")
        assert refusal.facts["scope"] == "debit:write"


async def test_who_has_no_certificate_of_ours_does_not_get_in(
    database: Database, authorities: Authorities
) -> None:
    """None at all, a stranger's, or one that nobody was registered for; a key goes before it."""
    await register(database.url, "studio.house", "wallet:read")
    async with secured(database, authorities, mutual=True) as server:
        none = authorities.credentials()
        strange = authorities.credentials("studio.house", by=authorities.strangers)
        for credentials in (none, strange):
            async with Rpc(server.port, None, credentials) as rpc:
                await unreachable(rpc)
        unknown = authorities.credentials("nobody.house")
        async with Rpc(server.port, None, unknown) as rpc:
            read = rpc.call("ReadWallet", wallet_id="w")
            await refused(read, "UNAUTHENTICATED", "UNAUTHENTICATED")
            # What stands for a certificate inside the service cannot be sent as a key.
            for token in ("certificate:studio.house", "%00certificate:studio.house"):
                read = rpc.call("ReadWallet", wallet_id="w", metadata=bearer(token))
                await refused(read, "UNAUTHENTICATED", "UNAUTHENTICATED")
        async with Rpc(server.port, DEV_KEY, unknown) as rpc:
            refusal = await refused(
                rpc.call("Debit", **POINT), "FAILED_PRECONDITION", "INSUFFICIENT_FUNDS"
            )
            assert refusal.detail


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"LEDGER_GRPC_TLS_CERT": "cert"}, "LEDGER_GRPC_TLS_KEY"),
        ({"LEDGER_GRPC_TLS_KEY": "key"}, "LEDGER_GRPC_TLS_CERT"),
        ({"LEDGER_GRPC_TLS_CLIENT_CA": "ca"}, "LEDGER_GRPC_TLS_CERT"),
        ({"LEDGER_GRPC_PORT": "many"}, "LEDGER_GRPC_PORT"),
        ({"LEDGER_GRPC_PORT": "65536"}, "or off"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(
    environment: dict[str, str], named: str
) -> None:
    """Half of a pair is none, and never means that gRPC is served in plain text."""
    with pytest.raises(SettingsError, match=named):
        read_settings(environment)


def test_grpc_can_be_off() -> None:
    """And listens where HTTP does, on its own port, by default."""
    assert read_settings({"LEDGER_GRPC_PORT": "off"}).grpc_port is None
    assert read_settings({}).grpc_port == 50_051
    assert read_settings({}).grpc_host == "127.0.0.1"


async def test_a_file_that_cannot_be_read_is_named(
    database: Database, authorities: Authorities, tmp_path: Path
) -> None:
    """The service does not start without the certificate it was given."""
    with pytest.raises(SettingsError, match="LEDGER_GRPC_TLS_CERT"):
        await start_alone(database.url, Tls(tmp_path / "none", authorities.key))


async def test_a_port_that_is_taken_is_named(served: Served, tmp_path: Path) -> None:
    """`ledger serve` says which setting to change, before it starts anything."""
    ports = {"LEDGER_GRPC_PORT": str(served.grpc_port), "LEDGER_HTTP_PORT": str(free_port())}
    second = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("ledger")), "serve", "--dev"),
        env={**os.environ, **ports, "LEDGER_DATA_DIR": str(tmp_path)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await asyncio.wait_for(second.communicate(), 30)
    assert second.returncode == 2
    assert b"LEDGER_GRPC_PORT" in err
