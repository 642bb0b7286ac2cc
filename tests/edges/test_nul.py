"""NUL is in no text that the ledger takes: Postgres has none, and a 500 would be our bug."""

from typing import Any

import msgspec
import pytest

from ledger.contract.operation import Operation
from ledger.http.operations import OPERATIONS
from tests.kit.serving import Client

PATHS = {"channel": "sandbox"}
"""Parts of paths that decide which call it is."""


def path_of(operation: Operation) -> str:
    """A path with an id in each of its places."""
    parts = operation.path.split("/")
    named = [PATHS.get(part[1:-1], "x-1") if part.startswith("{") else part for part in parts]
    return "/".join(named)


WITH_TEXTS = [
    operation
    for operation in OPERATIONS
    if operation.body is not None or operation.query.__struct_fields__
]


@pytest.mark.parametrize("operation", WITH_TEXTS, ids=lambda operation: operation.id)
async def test_a_nul_is_refused_wherever_a_text_may_stand(
    http: Client, operation: Operation
) -> None:
    """400, or 403 and its like before it is read; never an error of ours."""
    path, key = path_of(operation), {"Idempotency-Key": f"nul-{operation.id}"}
    for name in operation.query.__struct_fields__:
        answer = await http.request(operation.method, path, params={name: "a\0"}, headers=key)
        assert 400 <= answer.status_code < 500, (name, answer.text)
    example = msgspec.to_builtins(operation.example_body)
    for name, value in (example or {}).items():
        if isinstance(value, str) and name != "kind":
            body: dict[str, Any] = {**example, name: "a\0"}
            answer = await http.request(operation.method, path, json=body, headers=key)
            assert 400 <= answer.status_code < 500, (name, answer.text)
