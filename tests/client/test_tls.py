"""TLS: a client that is known by its certificate, and one that trusts another authority."""

from pathlib import Path

import grpc
import pytest

from ledger.client import Forbidden, LedgerClient, RetryPolicy, Unauthenticated, Unavailable
from ledger.client.rpc import GrpcTransport
from ledger.settings import Tls
from tests.kit.certificates import Authorities, register
from tests.kit.databases import Database
from tests.rpc.conftest import start_alone


async def test_a_certificate_stands_for_a_key(database: Database, tmp_path: Path) -> None:
    """Scopes are those of its caller; who trusts nobody it knows sends nothing."""
    authorities = Authorities(tmp_path)
    await register(database.url, "studio.house", "wallet:read")
    stranger = grpc.ssl_channel_credentials(authorities.strangers.cert_pem.bytes())
    files = Tls(authorities.cert, authorities.key, authorities.client_ca)
    server = await start_alone(database.url, files)
    try:

        def client(credentials: grpc.ChannelCredentials) -> LedgerClient:
            target = f"localhost:{server.port}"
            transport = GrpcTransport(target, None, credentials=credentials)
            twice = RetryPolicy(attempts_max=2, backoff_s=0.001)
            return LedgerClient(f"grpcs://{target}", transport=transport, retry=twice)

        async with client(authorities.credentials("studio.house")) as studio:
            assert (await studio.wallet("w")).seq == 0
            with pytest.raises(Forbidden):
                await studio.debit("w", sku="image")
        async with client(authorities.credentials("nobody.house")) as unknown:
            with pytest.raises(Unauthenticated):
                await unknown.wallet("w")
        async with client(stranger) as elsewhere:
            with pytest.raises(Unavailable, match="Nothing was done"):
                await elsewhere.debit("w", sku="image")
    finally:
        await server.server.stop()
        await server.ledger.close()
