"""Bad input: what a strange, hostile or newer client sends is refused, and changes nothing."""

from typing import Any, Final

import pytest

from ledger.v1.generation_pb2 import BatchRequest, Command, DebitRequest
from ledger.v1.wallet_pb2 import GrantRequest
from tests.rpc.calls import Rpc, available, funded, new_wallet_id, refused

POINT: Final[dict[str, Any]] = {"currency": "INSPIRATION", "amount": "1"}
NEWER = b"\xf2\x06\x03new"
"""Field 110, a text, that no message here has."""


async def malformed(rpc: Rpc, name: str, **asked: Any) -> dict[str, str]:
    """The facts of a refusal of something malformed."""
    return (await refused(rpc.call(name, **asked), "INVALID_ARGUMENT", "MALFORMED")).facts


async def test_a_field_that_only_newer_services_know_is_not_passed_over(rpc: Rpc) -> None:
    """It may change what is asked for: refused by its number, also deep inside a batch."""
    wallet_id = await funded(rpc)
    debit = DebitRequest(wallet_id=wallet_id, idempotency_key="k", **POINT).SerializeToString()
    refusal = await refused(rpc.start("Debit", raw=debit + NEWER), "INVALID_ARGUMENT", "MALFORMED")
    assert refusal.facts == {"field": "DebitRequest"}
    assert "110" in refusal.detail
    newer = DebitRequest.FromString(debit + NEWER)
    batch = BatchRequest(commands=[Command(debit=newer)]).SerializeToString()
    await refused(rpc.start("Batch", raw=batch), "INVALID_ARGUMENT", "MALFORMED")
    await refused(rpc.start("ReadWallet", raw=NEWER), "INVALID_ARGUMENT", "MALFORMED")
    assert await available(rpc, wallet_id) == "100.00"
    assert (await rpc.start("Debit", raw=debit)).debit.available_after == "99.00"


@pytest.mark.parametrize("raw", [b"\xff", b"\x0a\x05abc", b"\x12\x02\xff\xfe", b"\x00"])
async def test_bytes_that_are_no_message_are_refused(rpc: Rpc, raw: bytes) -> None:
    """Also texts that are not UTF-8."""
    for name in ("Debit", "ReadWallet", "Batch", "ReadOrder"):
        refusal = await refused(rpc.start(name, raw=raw), "INVALID_ARGUMENT", "MALFORMED")
        assert "ledger.v1." in refusal.detail


async def test_an_empty_message_is_refused_for_what_it_lacks(rpc: Rpc) -> None:
    """The first thing that is missing is named, as over HTTP."""
    refusal = await refused(rpc.start("Debit", raw=b""), "INVALID_ARGUMENT", "MALFORMED")
    assert refusal.facts == {"field": "wallet_id"}
    refusal = await refused(rpc.start("Debit", wallet_id="w"), "INVALID_ARGUMENT", "MALFORMED")
    assert refusal.facts == {"field": "idempotency_key"}
    facts = await malformed(rpc, "RefundCharge", wallet_id="w", charge_id="c")
    assert facts == {}
    assert await malformed(rpc, "Quote") == {}
    assert await malformed(rpc, "OpenOrder", wallet_id="w") == {}
    assert await malformed(rpc, "Batch", commands=[{}]) == {"index": "0"}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"amount": "01"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"currency": "INSPIRATION", "reference": "no id!"}, "reference"),
        ({"wallet_id": "a/b"}, "wallet_id"),
        ({"wallet_id": "x" * 65}, "wallet_id"),
        ({"idempotency_key": "a b"}, "idempotency_key"),
        ({"idempotency_key": "ü"}, "idempotency_key"),
        ({"idempotency_key": "x" * 256}, "idempotency_key"),
    ],
)
async def test_a_value_that_cannot_be_is_named(rpc: Rpc, asked: dict[str, str], field: str) -> None:
    """The same checks as over HTTP, with the same words."""
    facts = await malformed(rpc, "Debit", **({"wallet_id": "w", **POINT} | asked))
    assert facts["field"] == field


async def test_a_wrong_enum_is_refused(rpc: Rpc) -> None:
    """A number that none of its names has, none at all, and one that does not fit here."""
    asked = {"wallet_id": "w", "currency": "INSPIRATION", "amount": "1", "reason": "r"}
    assert await malformed(rpc, "Grant", source=99, **asked) == {"field": "source"}
    assert await malformed(rpc, "Grant", **asked) == {}
    assert await malformed(rpc, "Grant", source="SOURCE_DAILY", **asked) == {"field": "source"}


@pytest.mark.parametrize(
    "at",
    [
        {"seconds": 1, "nanos": 1_000_000_000},
        {"seconds": 1, "nanos": -1},
        {"seconds": 2**62},
        {"seconds": -(2**62)},
    ],
)
async def test_a_time_that_is_none_is_refused(rpc: Rpc, at: dict[str, int]) -> None:
    """Beyond the calendar, or with impossible nanoseconds."""
    asked = {"wallet_id": "w", "currency": "INSPIRATION", "amount": "1", "reason": "r"}
    facts = await malformed(rpc, "Grant", source="SOURCE_PROMOTIONAL", expires_at=at, **asked)
    assert facts == {"field": "expires_at"}
    assert await malformed(rpc, "ReadWallet", wallet_id="w", at=at) == {"field": "at"}


async def test_numbers_without_presence_are_what_they_are(rpc: Rpc) -> None:
    """0 seconds is a number out of range, not one that was left out."""
    call = rpc.call("ExtendHold", wallet_id="w", hold_id="h", expires_in_s=0)
    refusal = await refused(call, "INVALID_ARGUMENT", "EXPIRY_OUT_OF_RANGE")
    assert refusal.facts
    wallet_id = await funded(rpc)
    held = await rpc.call("AuthorizeHold", wallet_id=wallet_id, hold_id="h", **POINT)
    assert held.hold.expires_at.seconds - held.hold.authorized_at.seconds == 3_600


async def test_a_message_that_is_too_large_is_refused(rpc: Rpc) -> None:
    """64 KiB a call and 8 MiB a batch; beyond that it is not even read."""
    wallet_id = new_wallet_id()
    request = GrantRequest(wallet_id=wallet_id, idempotency_key="k", reason="x" * 66_000)
    call = rpc.start("Grant", raw=request.SerializeToString())
    refusal = await refused(call, "RESOURCE_EXHAUSTED", "BODY_TOO_LARGE")
    assert refusal.facts == {"limit_bytes": "65536"}
    debit: dict[str, Any] = {
        "wallet_id": wallet_id,
        "idempotency_key": "k" * 200,
        "reference": "r" * 60,
        **POINT,
    }
    fits = BatchRequest(
        commands=[Command(debit=DebitRequest(**debit))] * 10_001
    ).SerializeToString()
    assert len(fits) < 8 * 1024 * 1024
    refusal = await refused(rpc.start("Batch", raw=fits), "INVALID_ARGUMENT", "MALFORMED")
    assert "10000" in refusal.detail
    with pytest.raises(Exception, match="larger than max") as beyond:
        await rpc.start("Batch", raw=b"x" * (8 * 1024 * 1024 + 1))
    assert "RESOURCE_EXHAUSTED" in str(beyond.value)
    assert (await rpc.call("ReadWallet", wallet_id=wallet_id)).wallet.seq == 0
