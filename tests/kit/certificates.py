"""Certificates of servers and of callers, for TLS."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ledger.access.keys import By, MadeKey, WantedKey, create_key
from ledger.store.pool import connect_service


class Authorities:
    """A CA for servers and one for clients, and the server's own files."""

    def __init__(self, folder: Path) -> None:
        self.servers, self.clients, self.strangers = trustme.CA(), trustme.CA(), trustme.CA()
        own = self.servers.issue_cert("localhost")
        self.cert, self.key, self.client_ca = (folder / name for name in ("cert", "key", "ca"))
        own.cert_chain_pems[0].write_to_path(self.cert)
        own.private_key_pem.write_to_path(self.key)
        self.clients.cert_pem.write_to_path(self.client_ca)

    def credentials(self, *names: str, by: trustme.CA | None = None) -> grpc.ChannelCredentials:
        """What a client trusts, with a certificate of these names unless there are none."""
        roots = self.servers.cert_pem.bytes()
        if not names:
            return grpc.ssl_channel_credentials(roots)
        cert, key = issue(by or self.clients, names)
        return grpc.ssl_channel_credentials(roots, key, cert)


def issue(ca: trustme.CA, names: Sequence[str]) -> tuple[bytes, bytes]:
    """(certificate, key) in PEM: names with CN= are common names, those with :// are URIs."""
    key = ec.generate_private_key(ec.SECP256R1())
    signer = serialization.load_pem_private_key(ca.private_key_pem.bytes(), None)
    issuer = x509.load_pem_x509_certificate(ca.cert_pem.bytes())
    now = dt.datetime.now(dt.UTC)
    common = [name.removeprefix("CN=") for name in names if name.startswith("CN=")]
    alternatives: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(name) if "://" in name else x509.DNSName(name)
        for name in names
        if not name.startswith("CN=")
    ]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in common]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
    )
    if alternatives:
        named = x509.SubjectAlternativeName(alternatives)
        builder = builder.add_extension(named, critical=False)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    cert = builder.sign(signer, hashes.SHA256())
    return cert.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


async def register(database_url: str, identity: str, *scopes: str) -> None:
    """Make a caller that calls by a certificate."""
    connection = await connect_service(database_url)
    try:
        wanted = WantedKey(caller="studio", scopes=frozenset(scopes), certificate=identity)
        made = await create_key(connection, By("test"), wanted)
        assert isinstance(made, MadeKey), made
    finally:
        await connection.close()


@asynccontextmanager
async def listener_of_a_stranger() -> AsyncIterator[tuple[int, bytearray]]:
    """A TLS port of "localhost" by an authority that nobody trusts, and all that was said to it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    arrived = bytearray()

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        arrived.extend(await reader.read(100))

    server = await asyncio.start_server(listen, "localhost", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1], arrived
