"""Who calls: a bearer key in the metadata, or else the certificate of the connection."""

import re
from typing import Any, Final

import grpc
from msgspec import Struct
from msgspec.structs import replace

from ledger.access.callers import Caller
from ledger.contract.access import let_in, no_key, no_such_key
from ledger.contract.problems import ProblemError, problem
from ledger.service import Ledger

_BEARER: Final = re.compile(r"bearer +([\x21-\x7e]{1,512}) *", re.IGNORECASE)

_IDENTITIES: Final = ("peer_uri", "peer_dns", "x509_common_name")
"""Where a certificate's identity stands: the first URI, else the first DNS name, else its CN."""


class Credentials(Struct, frozen=True):
    """What a call authenticates with: an API key, or its certificate's identity, or nothing."""

    token: str | None = None
    identity: str | None = None

    async def caller(self, ledger: Ledger) -> Caller:
        """The caller, within its rate. Raises ProblemError and Unavailable."""
        return let_in(ledger, await self._authenticated(ledger))

    async def recheck(self, ledger: Ledger) -> Caller:
        """The caller of an open stream, checked again without counting as another request.

        Raises ProblemError and Unavailable.
        """
        caller = await self._authenticated(ledger)
        return let_in(ledger, None if caller is None else replace(caller, rate=None))

    async def _authenticated(self, ledger: Ledger) -> Caller | None:
        if self.token is not None:
            return ledger.callers.cached(self.token) or await ledger.callers.authenticate(
                self.token
            )
        if self.identity is None:
            raise no_key()
        return await ledger.callers.of_certificate(self.identity)


def credentials_of(
    context: grpc.aio.ServicerContext[Any, Any], authorization: list[str]
) -> Credentials:
    """The credentials of a call; a key counts before a certificate. Raises ProblemError."""
    if not authorization:
        return Credentials(identity=_identity(context))
    if len(authorization) > 1:
        detail = "The metadata authorization was given twice; give it once."
        raise ProblemError(problem("malformed", detail, field="authorization"))
    match = _BEARER.fullmatch(authorization[0])
    if match is None:
        raise no_such_key()
    return Credentials(token=match[1])


def _identity(context: grpc.aio.ServicerContext[Any, Any]) -> str | None:
    auth_context = context.auth_context()
    for name in _IDENTITIES:
        for value in auth_context.get(name, ()):
            return value.decode("utf-8", "replace")
    return None
