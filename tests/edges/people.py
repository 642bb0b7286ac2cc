"""Callers that tests make, and what the audit list has of them."""

import secrets
from typing import Any
from urllib.parse import urlencode

from tests.edges.callers import Client
from tests.edges.contract import fetched

WHY = {"reason": "a test of keys"}
PERSON = ["wallet:read", "credit:write", "finance:read", "admin:write", "admin:approve"]
"""What a person may be given for administration."""


def fresh(kind: str) -> str:
    """The name of a caller that nobody had."""
    return f"{kind}-{secrets.token_hex(4)}"


def by(token: str) -> dict[str, str]:
    """The headers of whoever has this key."""
    return {"authorization": f"Bearer {token}"}


async def acts(http: Client, **query: str) -> list[dict[str, Any]]:
    """The acts that match, newest first."""
    items: list[dict[str, Any]] = (await fetched(http, f"/v1/acts?{urlencode(query)}"))["items"]
    return items
