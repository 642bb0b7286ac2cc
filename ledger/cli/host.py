"""The SDK's client on the host itself: calls run in this process, on the database, without a key.

The operations are those of the API, so answers have the API's own shape. Who is on the host may do
more than any key allows: make keys of people, and keys with every scope.
"""

import asyncio
import os
import pwd
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, cast

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from ledger.access.callers import KEY_CACHE_S, SCOPES, Caller
from ledger.access.keys import By, MadeKey, WantedKey
from ledger.cli.database import settings_with_database
from ledger.client import LedgerClient, results
from ledger.client import operations as op
from ledger.client.fields import given
from ledger.client.transport import Reply, Request
from ledger.contract.audit_log import with_acts
from ledger.contract.calls import keys
from ledger.contract.currencies import currencies_of
from ledger.contract.fields import ReasonText
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.operations import OPERATIONS, RESPONSES
from ledger.contract.problems import Problem, ProblemError, malformed_from, problem_of
from ledger.contract.response import Response
from ledger.contract.shared import Body, moment_of
from ledger.contract.shared import given as given_or_none
from ledger.core.rejections import Rejection
from ledger.service import Ledger, open_ledger


class HostClient(LedgerClient):
    """The ledger, as its operators use it on the host."""

    async def create_any_key(
        self,
        caller: str,
        scopes: Sequence[str],
        *,
        reason: str,
        person: bool,
        certificate: str | None,
        expires_in_s: int | None,
    ) -> results.MadeKey | results.Key:
        """Make a key of any kind; for a certificate, which has no token, it is the Key."""
        body = given(
            caller=caller,
            scopes=scopes,
            reason=reason,
            person=person,
            certificate=certificate,
            expires_in_s=expires_in_s,
        )
        if certificate is None:
            return await self._call(op.CREATE_KEY, results.MadeKey, body=body)
        return await self._call(op.CREATE_KEY, results.Key, body=body)


@asynccontextmanager
async def open_host_client() -> AsyncIterator[HostClient]:
    """A client of the ledger in the database that the settings name.

    Raises CommandError where there is no database, SchemaError where no ledger is in it.
    """
    with settings_with_database() as settings:
        ledger = await open_ledger(settings)
        try:
            async with HostClient("host", transport=HostTransport(ledger)) as client:
                yield client
        finally:
            await ledger.close()


class HostTransport:
    """Carries the SDK's calls to the operations of the contract, in this process."""

    def __init__(self, ledger: Ledger) -> None:
        # By the user id of the process: variables of the environment say what one likes.
        user = pwd.getpwuid(os.getuid()).pw_name
        self._caller = Caller(f"host:{user}", SCOPES, kind="person")
        self._ledger = ledger

    async def send(self, request: Request, timeout_s: float, context: Mapping[str, str]) -> Reply:
        """Run the operation of the call. Raises Unavailable where the database is away."""
        del timeout_s, context
        operation = _OPERATIONS[request.operation.name]
        codes = self._ledger.catalogue.currency_codes()
        try:
            call = Call(
                self._ledger,
                currencies_of(codes),
                RESPONSES,
                self._caller,
                request.parameters,
                msgspec.convert(request.query, operation.query, strict=False),
                operation.body and msgspec.convert(request.body or {}, operation.body),
                request.key or "",
                request.request_id or "",
            )
            response = await operation.run(call)
        except ProblemError as refused:
            response = refused.problem.response()
        except msgspec.ValidationError as error:
            response = malformed_from(str(error), see="`--help`").response()
        body = response.body
        document = body.document() if isinstance(body, Problem) else msgspec.to_builtins(body)
        return Reply(status=response.status, body=document)

    def watch(self, request: Request, timeout_s: float) -> AsyncGenerator[Reply, None]:
        """No command on the host follows events."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Nothing to do: whoever opened the ledger closes it."""


class _HostKeyBody(Body, frozen=True):
    """A key of any caller, with any scopes; `certificate` is an identity in place of a token."""

    caller: str
    scopes: list[str]
    reason: ReasonText
    person: bool = False
    certificate: str | UnsetType = UNSET
    expires_in_s: int | UnsetType = UNSET


class _HostRotateBody(Body, frozen=True):
    """As over the API; the successor may live as long as one likes."""

    reason: ReasonText
    overlap_s: int
    expires_in_s: int | UnsetType = UNSET


async def _create_key(call: Call[_HostKeyBody, NoQuery]) -> Response:
    body = call.body
    wanted = WantedKey(
        caller=body.caller,
        scopes=frozenset(body.scopes),
        person=body.person,
        certificate=given_or_none(body.certificate),
        lives_s=given_or_none(body.expires_in_s),
    )
    made = await call.ledger.keys.create(By(call.caller.name), wanted)
    if isinstance(made, MadeKey) and made.token is None:
        return await _listed(call, made.row.key_id)
    return _response_for(made)


async def _rotate_key(call: Call[_HostRotateBody, NoQuery]) -> Response:
    body = call.body
    made = await call.ledger.keys.rotate(
        By(call.caller.name),
        call.params["key_id"],
        body.overlap_s,
        given_or_none(body.expires_in_s),
    )
    response = _response_for(made)
    if body.overlap_s == 0:
        await asyncio.sleep(KEY_CACHE_S)
    return response


def _response_for(made: MadeKey | Rejection) -> Response:
    if isinstance(made, Rejection):
        raise ProblemError(problem_of(made, {}))
    row = made.row
    assert made.token is not None
    expires_at = moment_of(row.expires_at)
    answer = keys.MadeKeyAnswer(row.key_id, row.caller, row.scopes, expires_at, made.token)
    return Response(201, answer)


async def _listed(call: Call[_HostKeyBody, NoQuery], key_id: str) -> Response:
    query = keys.KeysQuery(caller=call.body.caller)
    listed = await keys.list_keys(replace(cast("Call[None, keys.KeysQuery]", call), query=query))
    (key,) = [key for key in listed.body.items if key.key_id == key_id]
    return Response(201, key)


_UNBOUND: Final = {
    "createKey": (_HostKeyBody, _create_key),
    "rotateKey": (_HostRotateBody, _rotate_key),
}
"""What is done here that no key allows, by the call that does less: its body, and how."""


def _on_host(operation: Operation) -> Operation:
    body, run = _UNBOUND[operation.id]
    return with_acts(replace(operation, body=body, run=run))


_OPERATIONS: Final[Mapping[str, Operation]] = {
    **{operation.id: operation for operation in OPERATIONS},
    **{
        operation.id: _on_host(operation)
        for operation in keys.OPERATIONS
        if operation.id in _UNBOUND
    },
}
