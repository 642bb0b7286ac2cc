"""Unary calls: what is told of success and refusal, who may call, and whose id a request has."""

import asyncio
import uuid
from typing import Any, Final

import grpc
import pytest

from ledger.contract.problems import KINDS
from ledger.v1.refusals import CODES
from tests.kit.http_calls import post
from tests.kit.keys import MakeKey
from tests.kit.serving import Client, Served
from tests.rpc.calls import Rpc, available, bearer, funded, json_of, new_wallet_id, refused

POINT: Final[dict[str, Any]] = {"currency": "INSPIRATION", "amount": "1"}


async def test_the_same_key_gets_the_first_answer_again_over_either_edge(
    rpc: Rpc, http: Client
) -> None:
    """A command that came over one edge is a replay over the other, and says so."""
    wallet_id, key = await funded(rpc), uuid.uuid4().hex
    first = await rpc.call("Debit", wallet_id=wallet_id, idempotency_key=key, **POINT)
    assert not first.replayed
    again = await post(http, f"/v1/wallets/{wallet_id}/debits", POINT, key=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == json_of(first.debit)
    call = rpc.start("Debit", wallet_id=wallet_id, idempotency_key=key, **POINT)
    third = await call
    assert third.replayed
    assert third.debit == first.debit
    assert ("idempotency-replayed", "true") in tuple(await call.trailing_metadata())
    assert await available(rpc, wallet_id) == "99.00"


async def test_a_refusal_is_a_status_with_the_facts_of_its_problem(rpc: Rpc) -> None:
    """The code by the table, the slug as reason, the facts as texts, and again on a replay."""
    wallet_id, key = await funded(rpc, "5"), uuid.uuid4().hex
    asked: dict[str, Any] = {
        "wallet_id": wallet_id,
        "idempotency_key": key,
        "currency": "INSPIRATION",
        "amount": "7",
    }
    refusal = await refused(rpc.call("Debit", **asked), "FAILED_PRECONDITION", "INSUFFICIENT_FUNDS")
    assert refusal.facts == {"currency": "INSPIRATION", "amount": "7.00", "available": "5.00"}
    assert not refusal.replayed
    assert refusal.retry_after_s is None
    again = await refused(rpc.call("Debit", **asked), "FAILED_PRECONDITION", "INSUFFICIENT_FUNDS")
    assert again.replayed
    assert again.detail == refusal.detail
    other = asked | {"amount": "8"}
    refusal = await refused(
        rpc.call("Debit", **other), "INVALID_ARGUMENT", "IDEMPOTENCY_KEY_REUSED"
    )
    assert refusal.facts["field"] == "amount"
    missing = rpc.call("ReadHold", wallet_id=wallet_id, hold_id="never")
    refusal = await refused(missing, "NOT_FOUND", "NOT_FOUND")
    assert refusal.facts["what"] == "hold"


def test_the_codes_are_those_of_the_table() -> None:
    """api.md, "Rules": what each refusal is over gRPC."""
    table = {
        "insufficient-funds": "FAILED_PRECONDITION",
        "malformed": "INVALID_ARGUMENT",
        "unknown-currency": "INVALID_ARGUMENT",
        "unknown-sku": "INVALID_ARGUMENT",
        "amount-out-of-range": "INVALID_ARGUMENT",
        "not-found": "NOT_FOUND",
        "hold-not-open": "FAILED_PRECONDITION",
        "hold-exists": "FAILED_PRECONDITION",
        "capture-exceeds-hold": "FAILED_PRECONDITION",
        "refund-exceeds-charge": "FAILED_PRECONDITION",
        "order-not-payable": "FAILED_PRECONDITION",
        "wallet-frozen": "FAILED_PRECONDITION",
        "limit-exceeded": "FAILED_PRECONDITION",
        "idempotency-key-reused": "INVALID_ARGUMENT",
        "unauthenticated": "UNAUTHENTICATED",
        "forbidden": "PERMISSION_DENIED",
        "rate-limited": "RESOURCE_EXHAUSTED",
        "busy": "UNAVAILABLE",
        "database-unavailable": "UNAVAILABLE",
        "outcome-unknown": "UNAVAILABLE",
    }
    codes = {slug: CODES[status].name for slug, (status, _) in KINDS.items() if slug in table}
    assert codes == table


async def test_a_request_has_the_id_that_its_caller_gave_it(rpc: Rpc) -> None:
    """In the message, or else the metadata; a made-up one otherwise. Told in both places."""
    cases: tuple[tuple[dict[str, Any], tuple[tuple[str, str], ...], str | None], ...] = (
        ({"request_id": "mine-1"}, (), "mine-1"),
        ({}, (("x-request-id", "mine-2"),), "mine-2"),
        ({"request_id": "mine-3"}, (("x-request-id", "other"),), "mine-3"),
        ({"request_id": "no id!"}, (), None),
        ({}, (), None),
    )
    for given, metadata, known in cases:
        call = rpc.start("ReadWallet", wallet_id="w", metadata=metadata, **given)
        request_id = (await call).request_id
        assert request_id == known if known else request_id not in {"", "no id!"}
        assert ("x-request-id", request_id) in tuple(await call.trailing_metadata())
    refusal = await refused(
        rpc.call("ReadOrder", order_id="none", request_id="mine-4"), "NOT_FOUND", "NOT_FOUND"
    )
    assert refusal.request_id == "mine-4"


@pytest.mark.parametrize(
    "metadata",
    [
        (),
        (("authorization", "Bearer no-such-key"),),
        (("authorization", "Basic abc"),),
        (("authorization", "Bearer"),),
    ],
)
async def test_who_has_no_key_in_force_is_not_let_in(
    served: Served, metadata: tuple[tuple[str, str], ...]
) -> None:
    """UNAUTHENTICATED, whatever the message says."""
    async with Rpc(served.grpc_port, key=None) as nobody:
        nobody.metadata = metadata
        for name in ("ReadWallet", "Debit", "Batch"):
            call = nobody.start(name, raw=b"\xff\xff")
            await refused(call, "UNAUTHENTICATED", "UNAUTHENTICATED")
        for stream in (nobody.watch(0), nobody.submit()):
            await refused(stream.read(), "UNAUTHENTICATED", "UNAUTHENTICATED")


async def test_a_key_given_twice_is_no_key(rpc: Rpc) -> None:
    """Nobody should have to guess which of them counts."""
    call = rpc.start("ReadWallet", wallet_id="w", metadata=bearer("another"))
    refusal = await refused(call, "INVALID_ARGUMENT", "MALFORMED")
    assert refusal.facts == {"field": "authorization"}


async def test_a_call_needs_its_scope(served: Served, make_key: MakeKey) -> None:
    """PERMISSION_DENIED names the scope; in a batch the index as well, and nothing is done."""
    async with Rpc(served.grpc_port, await make_key(["wallet:read"])) as reader:
        assert (await reader.call("ReadWallet", wallet_id="w")).wallet.wallet_id == "w"
        refusal = await refused(
            reader.call("Debit", wallet_id="w", **POINT), "PERMISSION_DENIED", "FORBIDDEN"
        )
        assert refusal.facts["scope"] == "debit:write"
        debit = {"wallet_id": "w", "idempotency_key": "k", **POINT}
        refusal = await refused(
            reader.call("Batch", commands=[{"debit": debit}]), "PERMISSION_DENIED", "FORBIDDEN"
        )
        assert refusal.facts["index"] == "0"
        await refused(reader.watch(0).read(), "PERMISSION_DENIED", "FORBIDDEN")


async def test_a_batch_answers_each_command_in_its_place(rpc: Rpc) -> None:
    """Results of every kind, refusals among them; a malformed command refuses the whole."""
    wallet_id = await funded(rpc)
    common = {"wallet_id": wallet_id}
    entries = [
        {"authorize_hold": {**common, "hold_id": "h", **POINT}},
        {"capture_hold": {**common, "hold_id": "h"}},
        {"void_hold": {**common, "hold_id": "h"}},
        {"daily_grant": common},
        {"debit": {**common, "currency": "INSPIRATION", "amount": "1000"}},
    ]
    for number, entry in enumerate(entries):
        next(iter(entry.values()))["idempotency_key"] = f"k{number}"
    answer = await rpc.call("Batch", commands=entries, request_id="batch-1")
    assert [result.status for result in answer.results] == [201, 200, 409, 201, 402]
    bodies = [result.WhichOneof("body") for result in answer.results]
    assert bodies == ["hold", "capture", "problem", "daily_grant", "problem"]
    assert answer.results[2].problem.reason == "HOLD_NOT_OPEN"
    assert answer.results[4].problem.facts["available"] == "165.00"
    assert answer.request_id == "batch-1"
    again = await rpc.call("Batch", commands=entries)
    assert all(result.replayed for result in again.results)
    broken = [*entries, {"debit": {**common, "idempotency_key": "k9", "currency": "INSPIRATION"}}]
    refusal = await refused(rpc.call("Batch", commands=broken), "INVALID_ARGUMENT", "MALFORMED")
    assert refusal.facts["index"] == "5"
    assert (await rpc.call("Batch")).results == []


async def test_many_calls_at_once_are_all_answered_to_whom_they_belong(rpc: Rpc) -> None:
    """256 debits at once on one connection: each hears of its own."""
    wallet_id = await funded(rpc, "1000")
    answers = await asyncio.gather(
        *(
            rpc.call("Debit", wallet_id=wallet_id, reference=f"n-{number}", **POINT)
            for number in range(256)
        )
    )
    assert [answer.debit.reference for answer in answers] == [
        f"n-{number}" for number in range(256)
    ]
    assert len({answer.debit.charge_id for answer in answers}) == 256
    assert await available(rpc, wallet_id) == "744.00"


async def test_a_call_that_does_not_exist_is_unimplemented(rpc: Rpc) -> None:
    """As gRPC has it, for clients that are newer than the service."""
    call: Any = rpc.channel.unary_unary("/ledger.v1.WalletService/Conjure")
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await call(b"", metadata=rpc.metadata)
    assert failure.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_what_was_measured_tells_calls_apart(rpc: Rpc, http: Client) -> None:
    """/metrics counts gRPC's calls by method and code, and those that are open."""
    await rpc.call("ReadWallet", wallet_id=new_wallet_id())
    text = (await http.get("/metrics")).text
    assert 'ledger_grpc_calls_total{code="OK",method="/ledger.v1.WalletService/ReadWallet"}' in text
    assert 'ledger_grpc_call_seconds_count{method="/ledger.v1.WalletService/ReadWallet"}' in text
