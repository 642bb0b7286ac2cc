"""Keys: listed, made for services, rotated with an overlap, revoked."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ledger.access.callers import KEY_CACHE_S
from ledger.access.keys import (
    OVERLAP_MAX_S,
    By,
    MadeKey,
    WantedKey,
)
from ledger.contract.calls.callers import LOOKERS
from ledger.contract.fields import Id, Moment, ReasonText
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.paging import Cursor, Keyset, Limit
from ledger.contract.problems import ProblemError, problem_of
from ledger.contract.response import Response
from ledger.contract.shared import Body, given, moment_of
from ledger.core.instants import format_instant, to_instant
from ledger.core.rejections import Reason, Rejection
from ledger.store.keys import KeyKind, KeyRow, KeyState

_NEWEST: Final = Keyset(tuple[int, str])

_OverlapS = Annotated[
    int, Meta(ge=0, le=OVERLAP_MAX_S, description="For how long the old key still works")
]
_LivesS = Annotated[
    int, Meta(ge=1, le=10 * 365 * 86_400, description="When the key stops working by itself")
]
_NetworkScope = Literal["wallet:read", "debit:write", "order:write", "finance:read"]


class KeysQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of keys, newest first: of one caller, or of all."""

    caller: Annotated[Id, Meta(description="Whose keys")] | UnsetType = UNSET
    limit: Limit = 100
    after: Cursor | UnsetType = UNSET


class KeyBody(Body, frozen=True):
    """A key for a service, which is made with its first key."""

    caller: Id
    scopes: Annotated[list[_NetworkScope], Meta(min_length=1, max_length=4)]
    reason: ReasonText
    expires_in_s: _LivesS | UnsetType = UNSET


class RotateBody(Body, frozen=True):
    """A successor for a key; by default it lives as long as the old key was to."""

    reason: ReasonText
    overlap_s: _OverlapS = 86_400
    expires_in_s: _LivesS | UnsetType = UNSET


class RevokeBody(Body, frozen=True):
    """Why a key is revoked."""

    reason: ReasonText


class KeyAnswer(Struct, frozen=True):
    """A key as it is listed; the key itself is kept nowhere.

    `label` is the identity in a certificate, `replaced_by` the key that a rotation made in its
    place; `last_used_at` is up to a minute behind, null for never.
    """

    key_id: str
    caller: str
    kind: KeyKind
    label: str | None
    scopes: Sequence[str]
    created_at: Moment
    created_by: str
    expires_at: Moment | None
    revoked_at: Moment | None
    replaced_by: str | None
    last_used_at: Moment | None
    state: KeyState


class KeysAnswer(Struct, frozen=True):
    """A page of keys."""

    items: list[KeyAnswer]
    next: str | None


class MadeKeyAnswer(Struct, frozen=True):
    """A new key: `key` is shown this once, to be sent as a Bearer token."""

    key_id: str
    caller: str
    scopes: Sequence[str]
    expires_at: Moment | None
    key: str


def _render_key(row: KeyRow) -> KeyAnswer:
    return KeyAnswer(
        key_id=row.key_id,
        caller=row.caller,
        kind=row.kind,
        label=row.label,
        scopes=row.scopes,
        created_at=format_instant(to_instant(row.created_at)),
        created_by=row.created_by,
        expires_at=moment_of(row.expires_at),
        revoked_at=moment_of(row.revoked_at),
        replaced_by=row.replaced_by,
        last_used_at=moment_of(row.last_used_at),
        state=row.state,
    )


async def list_keys(call: Call[None, KeysQuery]) -> Response:
    """List keys."""
    query = call.query
    rows = await call.ledger.keys.list(given(query.caller))
    page, following = _NEWEST.page(
        rows, lambda row: (-to_instant(row.created_at), row.key_id), query.limit, query.after
    )
    return Response(200, KeysAnswer([_render_key(row) for row in page], following))


async def create(call: Call[KeyBody, NoQuery]) -> Response:
    """Make a key for a service."""
    body = call.body
    wanted = WantedKey(
        caller=body.caller,
        scopes=frozenset(body.scopes),
        lives_s=given(body.expires_in_s),
    )
    return _response_for(await call.ledger.keys.create(_by(call), wanted))


async def rotate(call: Call[RotateBody, NoQuery]) -> Response:
    """Make a key's successor."""
    body = call.body
    made = await call.ledger.keys.rotate(
        _by(call), call.params["key_id"], body.overlap_s, given(body.expires_in_s)
    )
    response = _response_for(made)
    if body.overlap_s == 0:
        await asyncio.sleep(KEY_CACHE_S)
    return response


async def revoke(call: Call[RevokeBody, NoQuery]) -> Response:
    """Revoke a key; answered once no process has it in its cache any more."""
    revoked = await call.ledger.keys.revoke(_by(call), call.params["key_id"])
    if isinstance(revoked, Rejection):
        raise _problem_error(revoked)
    await asyncio.sleep(KEY_CACHE_S)
    return Response(200, _render_key(revoked[0]))


def _by(call: Call[Any, NoQuery]) -> By:
    return By(call.caller.name, call.caller)


def _response_for(made: MadeKey | Rejection) -> Response:
    if isinstance(made, Rejection):
        raise _problem_error(made)
    row = made.row
    assert made.token is not None
    answer = MadeKeyAnswer(
        row.key_id, row.caller, row.scopes, moment_of(row.expires_at), made.token
    )
    return Response(201, answer)


def _problem_error(refused: Rejection) -> ProblemError:
    return ProblemError(problem_of(refused, {}))


_KEY: Final = KeyAnswer(
    key_id="key-0123456789abcdef",
    caller="studio",
    kind="token",
    label=None,
    scopes=["debit:write", "wallet:read"],
    created_at="2026-03-01T01:00:00.123456Z",
    created_by="ann",
    expires_at="2026-03-15T01:00:00.123456Z",
    revoked_at=None,
    replaced_by="key-fedcba9876543210",
    last_used_at="2026-03-14T09:30:00Z",
    state="in_force",
)
_MADE: Final = MadeKeyAnswer(
    "key-fedcba9876543210", "studio", ["debit:write", "wallet:read"], None, "lk_…"
)

OPERATIONS: Final = (
    Operation(
        id="listKeys",
        method="GET",
        path="/v1/keys",
        tag="Callers",
        summary="List keys, newest first",
        run=list_keys,
        scopes=LOOKERS,
        query=KeysQuery,
        answers={200: KeysAnswer},
        example_query={"caller": "studio"},
        example_answer=KeysAnswer([_KEY], None),
    ),
    Operation(
        id="createKey",
        method="POST",
        path="/v1/keys",
        tag="Callers",
        summary="Make a key for a service",
        description=(
            "A person makes it, and its scopes are none of administration; other keys are made on "
            "the server with `ledger key create`. The key is shown once: if the answer is lost, "
            "revoke the key and make another."
        ),
        run=create,
        scopes=("admin:write",),
        audited=True,
        keeps_words=True,
        subject=lambda call: call.body.caller,
        body=KeyBody,
        answers={201: MadeKeyAnswer},
        example_body=KeyBody("studio", ["debit:write", "wallet:read"], "the new studio"),
        example_answer=_MADE,
    ),
    Operation(
        id="rotateKey",
        method="POST",
        path="/v1/keys/{key_id}/rotate",
        tag="Callers",
        summary="Make a key's successor; the old key keeps working for an overlap",
        description=(
            "With admin:write a person rotates keys of services without administrative scopes or "
            "credit:write, and every person the key they call with, whose successor lives no "
            "longer than it."
        ),
        run=rotate,
        audited=True,
        keeps_words=True,
        body=RotateBody,
        answers={201: MadeKeyAnswer},
        problems=("not-found", Reason.KEY_NOT_ROTATABLE),
        example_body=RotateBody("the yearly rotation"),
        example_answer=_MADE,
    ),
    Operation(
        id="revokeKey",
        method="POST",
        path="/v1/keys/{key_id}/revoke",
        tag="Callers",
        summary="Revoke a key",
        description=(
            "A person does. Once this is answered, a second after it was written, no process takes "
            "the key any more. Revoking it again changes nothing."
        ),
        run=revoke,
        scopes=("admin:write",),
        audited=True,
        keeps_words=True,
        body=RevokeBody,
        answers={200: KeyAnswer},
        problems=("not-found",),
        example_body=RevokeBody("found in a public repository"),
        example_answer=_KEY,
    ),
)
