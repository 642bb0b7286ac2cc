"""What the tests of proposals share: people with keys, corrections, decisions."""

import uuid
from typing import Any

from msgspec import Struct

from tests.kit.http_steps import Body, called, done
from tests.kit.keys import MakeKey
from tests.kit.serving import Client

PERSON = ("wallet:read", "admin:write", "admin:approve")


WORDS = {"reason": "three renders failed", "evidence": "https://tickets.example/4711\nseen"}


class People(Struct, frozen=True):
    """A client for each of three people, by name."""

    ann: Client
    bob: Client
    cy: Client


async def hired(make_key: MakeKey, *scopes: str, name: str = "") -> tuple[str, str]:
    """A person of a name of their own, unless one is given, and a key of theirs."""
    name = name or f"person-{uuid.uuid4().hex[:8]}"
    return name, await make_key(scopes or PERSON, caller=name, kind="person")


def correction(wallet: str, amount: str = "50", direction: str = "credit", **more: Any) -> Body:
    """An adjustment."""
    body = {"direction": direction, "currency": "INSPIRATION", "amount": amount}
    return {"wallet_id": called(wallet)} | body | WORDS | more


async def adjusting(http: Client, wallet: str, **more: Any) -> str:
    """The path of a proposed adjustment."""
    proposal = await done(http, "/v1/adjustments", correction(wallet, **more), 201)
    return f"/v1/adjustments/{proposal['proposal_id']}"


async def outcome(http: Client, path: str, verdict: str = "approve") -> Body:
    """The proposal after a decision that must be taken."""
    return await done(http, f"{path}/{verdict}", None, 200)
