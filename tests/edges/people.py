"""Callers that tests make, and what the audit list has of them."""

from typing import Any
from urllib.parse import urlencode

from tests.kit.http_steps import fetched
from tests.kit.serving import Client

WHY = {"reason": "a test of keys"}
PERSON = ["wallet:read", "credit:write", "finance:read", "admin:write", "admin:approve"]
"""What a person may be given for administration."""


async def acts(http: Client, **query: str) -> list[dict[str, Any]]:
    """The acts that match, newest first."""
    items: list[dict[str, Any]] = (await fetched(http, f"/v1/acts?{urlencode(query)}"))["items"]
    return items
