"""Promises of the SDK that did not hold once: each was found by an attack on it."""

import asyncio
import pickle
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from decimal import Decimal, localcontext
from typing import Any

import grpc
import pytest

from ledger.client import (
    ONCE,
    FeedGap,
    FeedRewound,
    HttpTransport,
    LedgerClient,
    LedgerError,
    Malformed,
    OutcomeUnknown,
    Refused,
    RetryBudget,
    RetryPolicy,
    SyncLedgerClient,
    Unavailable,
    UnexpectedAnswer,
    attempts,
    batch,
)
from ledger.client.fields import amount_text
from ledger.client.transport import Lost, Reply, Request
from ledger.v1.codec import response_reader
from ledger.v1.generation_pb2 import CommandResult, DebitResponse
from ledger.v1.refusals import facts_of
from ledger.v1.services import METHODS
from ledger.v1.wallet_pb2 import ReadWalletResponse, Wallet
from tests.client.conftest import QUICK, Waits, funded, left
from tests.kit.certificates import listener_of_a_stranger
from tests.kit.http_proxy import FaultyWay
from tests.kit.keys import DEV_KEY
from tests.kit.serving import Served

HASTY = RetryPolicy(attempts_max=4, attempt_timeout_s=5, deadline_s=1, backoff_s=0.01)


@pytest.mark.parametrize("status", [301, 400, 404, 405, 409, 413, 421])
async def test_a_stranger_between_settles_no_attempt_before(
    far: LedgerClient, way: FaultyWay, status: int
) -> None:
    """A proxy's own 4xx after a lost answer says nothing of the debit, which was done."""
    wallet_id = await funded(far)
    way.faults.extend(["cut-after", lambda _: b"<html>default backend</html>"])
    way.status = status
    with pytest.raises(OutcomeUnknown) as unknown:
        await far.debit(wallet_id, currency="INSPIRATION", amount=10)
    assert await left(far, wallet_id) == ("90.00", "0.00")
    assert (await far.resolve(unknown.value)).amount == 10
    assert await left(far, wallet_id) == ("90.00", "0.00")


async def test_a_gateway_that_gave_up_settles_nothing(far: LedgerClient, way: FaultyWay) -> None:
    """502 after the ledger answered: the outcome is unknown, and never called undone."""
    wallet_id = await funded(far)
    way.faults.append("gateway")
    with pytest.raises(OutcomeUnknown):
        await far.with_options(retry=ONCE).debit(wallet_id, currency="INSPIRATION", amount=10)
    assert await left(far, wallet_id) == ("90.00", "0.00")


async def test_a_lost_batch_may_be_sent_again_and_says_so(
    far: LedgerClient, way: FaultyWay
) -> None:
    """Each of its commands has a key."""
    way.faults.extend(["cut-after"] * 8)
    with pytest.raises(OutcomeUnknown, match="does nothing twice"):
        await far.batch([batch.daily_grant("w-batch")])


@pytest.mark.parametrize("url", ["https://localhost", "HTTPS://localhost"])
async def test_certificates_are_verified(url: str) -> None:
    """Also where the scheme is shouted: nothing is sent to who cannot prove who it is."""
    async with listener_of_a_stranger() as (port, arrived):
        transport = HttpTransport(f"{url}:{port}", DEV_KEY)
        async with LedgerClient("https://x", transport=transport, retry=ONCE) as client:
            with pytest.raises(Unavailable, match="Nothing was done"):
                await client.wallet("w")
    assert not arrived


@pytest.mark.parametrize("quantity", [2.5, True, "5", 2**40])
async def test_a_number_of_another_type_is_refused_over_both_transports(
    either: LedgerClient, quantity: Any
) -> None:
    """It is neither rounded nor read, and nothing is charged."""
    wallet_id = await funded(either)
    with pytest.raises(Malformed):
        await either.debit(wallet_id, sku="image", quantity=quantity)
    with pytest.raises(Malformed):
        await either.grant(wallet_id, "KUAIBI", 1, source="gift", reason="test")
    assert await left(either, wallet_id) == ("100.00", "0.00")


def event(seq: int) -> dict[str, Any]:
    """An event of the feed."""
    return {
        "shard": 0,
        "seq": seq,
        "wallet_id": "w",
        "type": "t_v1",
        "occurred_at": "2026-03-01T01:00:00Z",
        "recorded_at": "2026-03-01T01:00:00Z",
        "day": "2026-03-01",
        "payload": {},
    }


class Feed:
    """A transport whose feed is made of these pages: seqs, next and head; None loses the stream."""

    def __init__(self, *pages: tuple[list[int], int, int] | None) -> None:
        self.pages = list(pages)
        self.asked: list[Request] = []

    async def send(self, request: Request, timeout_s: float, context: Mapping[str, str]) -> Reply:
        """The next page."""
        del timeout_s, context
        self.asked.append(request)
        return self._next()

    async def watch(self, request: Request, timeout_s: float) -> AsyncGenerator[Reply, None]:
        """The pages up to one that loses the stream."""
        del timeout_s
        self.asked.append(request)
        while self.pages:
            yield self._next()

    def _next(self) -> Reply:
        page = self.pages.pop(0) if self.pages else None
        if page is None:
            raise Lost("broken")
        seqs, following, head = page
        items = [event(seq) for seq in seqs]
        body = {"items": items, "next": following, "head": head}
        return Reply(status=200, body=body, request_id="r")

    async def aclose(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize(
    "pages",
    [
        [([1, 2], 3, 5), ([4], 4, 5)],
        [([], 3, 5), ([4, 5], 5, 5)],
        [([1, 2], 1, 5), ([2, 3], 3, 5)],
        [([1, 3], 3, 5)],
    ],
)
async def test_no_page_leads_past_an_event(follow: bool, pages: list[Any]) -> None:  # noqa: FBT001
    """Whatever `next` says: what is left out or comes twice stops who follows."""
    async with LedgerClient("http://x", transport=Feed(*pages), retry=ONCE) as client:
        with pytest.raises(FeedGap):
            [event.seq async for event in client.events(0, follow=follow)]


async def test_a_log_that_ends_before_its_reader_is_said_to(client: LedgerClient) -> None:
    """The ledger was restored: what was read is not in it, and its seqs will be used again."""
    with pytest.raises(FeedRewound) as rewound:
        [event async for event in client.events(0, after_seq=10**6, follow=False)]
    assert rewound.value.head < rewound.value.after_seq == 10**6
    with pytest.raises(FeedRewound):
        await anext(client.events(0, after_seq=10**6))


async def test_an_empty_page_before_the_head_ends_no_loop_busily() -> None:
    """Who reads up to the head stops there."""
    feed = Feed(([1], 1, 9), ([], 1, 9))
    async with LedgerClient("http://x", transport=feed) as client:
        assert [event.seq async for event in client.events(0, follow=False)] == [1]


async def test_who_follows_needs_no_part_of_the_budget() -> None:
    """An outage that used up the retries of calls does not end the feed; each stream goes on."""
    feed = Feed(([1], 1, 3), None, ([2], 2, 3), None, None, ([3], 3, 3), None)
    budget = RetryBudget(ratio=0, burst=0)
    async with (
        LedgerClient(
            "http://x", transport=feed, budget=budget, retry=QUICK, pace=Waits().pace
        ) as client,
        aclosing(client.events(0)) as events,
    ):
        assert [(await anext(events)).seq for _ in range(3)] == [1, 2, 3]
    begun = [request.query["after_seq"] for request in feed.asked]
    assert begun == ["0", "1", "2", "2"]
    assert len({request.request_id for request in feed.asked}) == len(feed.asked)


async def test_who_follows_over_http_goes_from_page_to_page(client: LedgerClient) -> None:
    """Of any size."""
    for _ in range(8):
        await funded(client)
    for shard in (0, 1):
        seqs = [event.seq async for event in client.events(shard, follow=False)]
        async with aclosing(client.events(shard, page_size=1)) as events:
            assert [(await anext(events)).seq for _ in seqs] == seqs


@asynccontextmanager
async def grpc_server(*, accept: bool) -> AsyncIterator[int]:
    """A server of which no call ever ends; its streams are accepted, or not even that."""

    async def silent(_: bytes, context: Any) -> bytes:
        if accept:
            await context.send_initial_metadata((("x-request-id", "r"),))
            await context.abort(grpc.StatusCode.UNAVAILABLE, "no more")
        await asyncio.Event().wait()
        return b""

    class Handler(grpc.GenericRpcHandler):
        def service(self, handler_call_details: Any) -> Any:
            if handler_call_details.method.endswith("WatchEvents"):
                return grpc.unary_stream_rpc_method_handler(silent)
            return grpc.unary_unary_rpc_method_handler(silent)

    server = grpc.aio.server(handlers=[Handler()])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


async def test_a_ledger_that_never_answers_ends_every_call() -> None:
    """A call by its deadline, a stream that is not accepted likewise."""
    async with (
        grpc_server(accept=False) as port,
        LedgerClient(f"grpc://127.0.0.1:{port}", DEV_KEY, retry=HASTY) as client,
    ):
        with pytest.raises(OutcomeUnknown):
            await client.debit("w", sku="image")
        with pytest.raises(Unavailable) as unavailable:
            await anext(client.events(0))
        assert unavailable.value.request_id


async def test_streams_that_end_at_once_end_the_patience() -> None:
    """To be accepted is no sign that it works."""
    async with (
        grpc_server(accept=True) as port,
        LedgerClient(f"grpc://127.0.0.1:{port}", DEV_KEY, retry=HASTY) as client,
    ):
        with pytest.raises(Unavailable):
            await anext(client.events(0))


async def test_a_timeout_longer_than_an_attempt_lets_it_take_that_long() -> None:
    """And so do the views of a synchronous client, and both wait for what is unfinished."""
    with SyncLedgerClient("http://x", transport=Feed()) as plain:
        policy = plain.with_options(timeout_s=40).client._runner.policy
        assert (policy.deadline_s, policy.attempt_timeout_s) == (40, 40)
    finished = asyncio.Event()
    client = LedgerClient("http://x", transport=Feed())
    client.with_options(timeout_s=1).finish(finished.wait())
    closing = asyncio.create_task(client.aclose())
    await asyncio.sleep(0)
    assert not closing.done()
    finished.set()
    await closing


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("Debit", DebitResponse()),
        ("ReadWallet", ReadWalletResponse(wallet=Wallet(status=99))),  # type: ignore[arg-type]
        ("Batch", None),
    ],
)
def test_answers_of_a_stranger_or_a_newer_ledger_are_no_crash(method: str, message: Any) -> None:
    """What is missing or unknown becomes a result that does not fit, or a text."""
    if message is None:
        read = response_reader(CommandResult.DESCRIPTOR)
        assert read(CommandResult(status=200))["body"] == {}
        return
    plain = response_reader(METHODS[method].output_type)(message)
    assert plain.get("status", "99") == "99"


async def test_an_answer_that_cannot_be_read_was_carried_out() -> None:
    """So it is neither a refusal nor lost."""
    feed = Feed(([], 0, 0))
    feed._next = lambda: Reply(status=200, body={"results": []}, request_id="r")  # type: ignore[method-assign]
    async with LedgerClient("http://x", transport=feed) as client:
        with pytest.raises(UnexpectedAnswer, match="0 results for 1 commands") as unexpected:
            await client.batch([batch.daily_grant("w")])
        assert unexpected.value.request_id == "r"


async def test_every_error_goes_from_process_to_process(far: LedgerClient, way: FaultyWay) -> None:
    """With what it says."""
    way.faults.extend(["cut-after"] * 8)
    with pytest.raises(OutcomeUnknown) as unknown:
        await far.daily_grant("w-pickle")
    gone: list[LedgerError] = [unknown.value, FeedGap(0, 1, 2, "r"), FeedRewound(0, 9, 2, "r")]
    for error in gone:
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again)) == (type(error), str(error))
        assert again.request_id == error.request_id
    again = pickle.loads(pickle.dumps(unknown.value))
    assert again.idempotency_key == unknown.value.idempotency_key


async def test_the_id_that_is_sent_is_the_one_that_is_logged(either: LedgerClient) -> None:
    """Over both transports: it is the client's own."""
    answer = await either.wallet("w")
    assert answer.request_id is not None
    assert answer.request_id.startswith(attempts.new_request_id().rpartition("-")[0])


async def test_a_key_goes_to_its_ledger_only(client: LedgerClient) -> None:
    """Not to wherever an order is to be paid, and never as what is no key."""
    with pytest.raises(ValueError, match="begins with /"):
        await client.request("POST", "https://pay.example/order")
    for transport in ("http://x", "grpc://x"):
        with pytest.raises(ValueError, match="API key"):
            LedgerClient(transport, "clé")


async def test_a_closed_client_stays_closed(served: Served) -> None:
    """Over both transports."""
    for url in (served.url, f"grpc://127.0.0.1:{served.grpc_port}"):
        client = LedgerClient(url, DEV_KEY, retry=ONCE)
        await client.wallet("w")
        await client.aclose()
        with pytest.raises(RuntimeError, match="closed"):
            await client.wallet("w")


def test_amounts_are_exact_whatever_the_caller_calculates_with() -> None:
    """Also with six digits."""
    with localcontext() as context:
        context.prec = 6
        assert amount_text(Decimal("12345678.90")) == "12345678.90"
    with pytest.raises(ValueError, match="is no amount"):
        amount_text("NaN")
    assert facts_of({"a": None, "b": 1}) == {"b": "1"}
    assert issubclass(Refused, LedgerError)
