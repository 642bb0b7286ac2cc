"""What widely used generators make of the document does what callers do, without hand edits."""

import asyncio

import pytest

from tests.generated_clients.conftest import Client

# The registries are asked for the generators, and Node.js is needed.
pytestmark = [pytest.mark.deploy, pytest.mark.timeout(900)]

CALLS = [
    "debit_by_sku",
    "debit_by_amount",
    "hold_by_sku_and_capture",
    "hold_by_amount_and_void",
    "batch_of_several_kinds",
    "wallet_with_typed_fields",
    "orders_of_both_kinds",
    "refusal_that_says_why",
    "replay_under_the_same_key",
]


@pytest.mark.parametrize("what", CALLS)
async def test_a_generated_python_client_can(what: str, python_client: Client) -> None:
    """openapi-python-client makes all of it without a warning, and mypy --strict has no doubts."""
    await asyncio.to_thread(python_client, what)


@pytest.mark.parametrize("what", CALLS)
async def test_a_generated_typescript_client_can(what: str, typescript_client: Client) -> None:
    """openapi-typescript makes types that tsc --strict accepts, and openapi-fetch calls by them."""
    await asyncio.to_thread(typescript_client, what)
