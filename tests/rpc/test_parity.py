"""gRPC answers as HTTP does: the same random commands over each, answers and books compared."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass

from ledger.contract.problems import KINDS
from ledger.v1.refusals import CODES
from tests.kit.batches import CURRENCIES, PATHS, Author, Command, Outcome, Run
from tests.kit.examples import seeds
from tests.kit.http_calls import new_wallet
from tests.kit.http_steps import WHY, Body, Books, books, called, fetched, moved
from tests.kit.keys import MakeKey
from tests.kit.serving import Client, Served
from tests.kit.waiting import until
from tests.rpc.calls import METHODS, Rpc, json_of, refusal_of, refused

CALLS: Final = {
    "debit": "Debit",
    "authorize_hold": "AuthorizeHold",
    "capture_hold": "CaptureHold",
    "void_hold": "VoidHold",
    "extend_hold": "ExtendHold",
    "refund_charge": "RefundCharge",
    "grant": "Grant",
    "daily_grant": "ClaimDailyGrant",
    "convert": "Convert",
    "transfer": "SendTransfer",
}
SUCCEEDED: Final = 200
"""What stands for any status of success: a unary call has but one."""

Way = Callable[["RpcRun", list[Command]], Awaitable[list[Outcome]]]


def _texts(facts: Body) -> dict[str, str]:
    return {name: fact if isinstance(fact, str) else str(fact) for name, fact in facts.items()}


def _plain(problem: Body) -> Body:
    """A problem of HTTP, its facts put together and told as texts."""
    every = ("type", "title", "status", "detail")
    facts = {name: fact for name, fact in problem.items() if name not in every}
    return {name: problem[name] for name in every} | {"facts": _texts(facts)}


def _problem_of(refused: grpc.aio.AioRpcError) -> tuple[int, bool, Body]:
    """The problem that a status tells, with what only HTTP says of its kind."""
    refusal = refusal_of(refused)
    slug: Any = refusal.reason.lower().replace("_", "-")
    status, title = KINDS[slug]
    assert CODES[status].name == refusal.code
    kind = {"type": f"https://ledger.example/problems/{slug}", "title": title, "status": status}
    return status, refusal.replayed, kind | {"detail": refusal.detail, "facts": refusal.facts}


class RpcRun(Run):
    """One wallet, told about over gRPC."""

    def __init__(self, http: Client, creator: str, rpc: Rpc) -> None:
        super().__init__(http, creator)
        self._rpc = rpc

    async def over_http(self, commands: list[Command]) -> list[Outcome]:
        """Every command by its own call over HTTP: what the others are held against."""
        return [
            (status, again, _plain(body)) if status >= 400 else (SUCCEEDED, again, body)
            for status, again, body in await self.one_by_one(commands)
        ]

    async def by_calls(self, commands: list[Command]) -> list[Outcome]:
        """Every command by its own call."""
        outcomes = []
        for (kind, _, _), asked in zip(commands, self._asked(commands), strict=True):
            try:
                answer = await self._rpc.call(CALLS[kind], **asked)
            except grpc.aio.AioRpcError as refused:
                status, replayed, body = _problem_of(refused)
            else:
                status, replayed = SUCCEEDED, answer.replayed
                body = json_of(getattr(answer, answer.DESCRIPTOR.fields[0].name))
            outcomes.append(self._outcome_of(status, body, replayed=replayed))
        return outcomes

    async def by_batch(self, commands: list[Command]) -> list[Outcome]:
        """All of them in one batch."""
        answer = await self._rpc.call("Batch", commands=self._entries(commands))
        return [self._result_outcome(result) for result in answer.results]

    async def by_stream(self, commands: list[Command]) -> list[Outcome]:
        """All of them on one stream."""
        call = self._rpc.submit(timeout=240)
        request = GetMessageClass(METHODS["Submit"].input_type)
        for number, entry in enumerate(self._entries(commands)):
            await call.write(request(sequence=number, command=entry))
        await call.done_writing()
        answers = [answer async for answer in call]
        assert [answer.sequence for answer in answers] == list(range(len(commands)))
        assert [answer.idempotency_key for answer in answers] == [key for _, key, _ in commands]
        return [self._result_outcome(answer.result) for answer in answers]

    def _result_outcome(self, result: Any) -> Outcome:
        body = json_of(getattr(result, result.WhichOneof("body")))
        body.pop("reason", None)  # told by the type as well
        status = result.status if result.status >= 400 else SUCCEEDED
        return self._outcome_of(status, body, replayed=result.replayed)

    def _entries(self, commands: list[Command]) -> list[Body]:
        asked = self._asked(commands)
        return [{kind: fields} for (kind, _, _), fields in zip(commands, asked, strict=True)]

    def _asked(self, commands: list[Command]) -> list[Body]:
        own = zip(commands, self._sent(commands), strict=True)
        return [
            _fields(sent) | {"wallet_id": called(self.wallet), "idempotency_key": key}
            for (_, key, _), sent in own
        ]


def _fields(sent: Body) -> Body:
    """JSON's fields as those of a message."""
    fields = dict(sent)
    if "source" in fields:
        fields["source"] = f"SOURCE_{fields['source'].upper()}"
    if "expires_at" in fields:
        fields["expires_at"] = dt.datetime.fromisoformat(fields["expires_at"])
    return fields


WAYS: Final[dict[str, Way]] = {
    "http": RpcRun.over_http,
    "calls": RpcRun.by_calls,
    "batch": RpcRun.by_batch,
    "stream": RpcRun.by_stream,
}


async def settled(http: Client) -> Books:
    """The books once every tip has arrived."""

    async def arrived() -> bool:
        closings = await books(http)
        return not any(
            "transit" in account and closing for (account, _), closing in closings.items()
        )

    await until(arrived)
    return await books(http)


async def sequence(
    http: Client, rpc: Rpc, creator: str, seed: int, way: Way
) -> tuple[list[tuple[Command, Outcome]], Any, dict[str, str]]:
    """What one way of sending came to: every outcome, the wallet in the end, the books moved."""
    author, run = Author(seed), RpcRun(http, creator, rpc)
    before = await settled(http)
    await run.begin()
    outcomes: list[tuple[Command, Outcome]] = []
    for _ in range(12):
        commands = author.chunk(len(run.charges))
        outcomes += zip(commands, await way(run, commands), strict=True)
        if (order := author.control()) is not None:
            await run.control(*order)
    entries = (await fetched(http, f"{run.wallet}/entries?limit=1000"))["items"]
    # Tips arrive in their own time, and seqs and orders are the shard's, which others use too.
    own = [
        {name: value for name, value in entry.items() if name not in {"seq", "order_id"}}
        for entry in entries
        if entry["type"] != "transfer_completed"
    ]
    state = await run.state(), run._renamed({"entries": own})
    return outcomes, state, moved(before, await settled(http))


@pytest.mark.parametrize("seed", seeds(3))
async def test_the_same_commands_have_the_same_answers_and_books(
    http: Client, rpc: Rpc, seed: int
) -> None:
    """Over HTTP, by calls, in batches and on streams: outcome by outcome, entry by entry."""
    creator = called(new_wallet())
    runs = {name: await sequence(http, rpc, creator, seed, way) for name, way in WAYS.items()}
    expected = runs.pop("http")
    assert {kind for (kind, *_), _ in expected[0]} >= set(list(PATHS)[:4])
    for name, run in runs.items():
        for outcome, other in zip(expected[0], run[0], strict=True):
            assert outcome == other, name
        assert run[1] == expected[1], name
        assert run[2] == expected[2], name
    assert any(status >= 400 for _, (status, _, _) in expected[0])
    assert any(replayed for _, (_, replayed, _) in expected[0])


async def same(http: Client, path: str, answer: Any, *, but: tuple[str, ...] = ()) -> None:
    """A read over gRPC is the same read over HTTP."""
    of_http, of_rpc = await fetched(http, path), json_of(answer)
    for name in but:
        of_http.pop(name), of_rpc.pop(name)
    of_rpc.pop("request_id", None)
    assert of_rpc == of_http


async def test_reads_are_the_same(http: Client, rpc: Rpc) -> None:
    """Every read of a wallet that has been through much, of the house, and of the log."""
    run = RpcRun(http, called(new_wallet()), rpc)
    await run.begin()
    author = Author(7)
    for _ in range(8):
        await run.by_batch(author.chunk(len(run.charges)))
    path, wallet_id = run.wallet, called(run.wallet)
    answer = await rpc.call("ReadWallet", wallet_id=wallet_id)
    await same(http, path, answer.wallet, but=("as_of",))
    then = answer.wallet.as_of
    past = await rpc.call("ReadWallet", wallet_id=wallet_id, at=then)
    at = dt.datetime.fromtimestamp(then.seconds, dt.UTC).replace(microsecond=then.nanos // 1_000)
    await same(http, f"{path}?at={at.isoformat().replace('+00:00', 'Z')}", past.wallet)
    for name, call in (("lots", "ListLots"), ("entries", "ListEntries"), ("orders", "ListOrders")):
        page = await rpc.call(call, wallet_id=wallet_id, limit=2)
        await same(http, f"{path}/{name}?limit=2", page)
        rest = await rpc.call(call, wallet_id=wallet_id, after=page.next) if page.next else None
        if rest is not None:
            await same(http, f"{path}/{name}?after={page.next}", rest)
    await same(http, f"{path}/holds", await rpc.call("ListHolds", wallet_id=wallet_id))
    orders = await rpc.call("ListOrders", wallet_id=wallet_id)
    order_id = orders.items[0].order_id
    order = await rpc.call("ReadOrder", order_id=order_id)
    await same(http, f"/v1/orders/{order_id}", order.order)
    charge = await rpc.call("ReadCharge", wallet_id=wallet_id, charge_id=run.charges[0])
    await same(http, f"{path}/charges/{run.charges[0]}", charge.charge)


async def test_reads_of_the_house_are_the_same(http: Client, rpc: Rpc) -> None:
    """The catalogue, a quote, the books of a day, the log, and what is stopped."""
    await same(http, "/v1/catalogue", (await rpc.call("ReadCatalogue")).catalogue)
    quote = (await rpc.call("Quote", sku="image", quantity=3)).quote
    await same(http, "/v1/quotes?sku=image&quantity=3", quote)
    balances = await rpc.call("ReadTrialBalance", currency="CNY")
    await same(http, "/v1/finance/trial-balance?currency=CNY", balances)
    events = await rpc.call("ReadEvents", shard=0, after_seq=0, limit=50)
    await same(http, "/v1/events?shard=0&after_seq=0&limit=50", events, but=("head",))
    await same(http, "/v1/switches", await rpc.call("ListSwitches"))


async def test_orders_are_the_same(http: Client, rpc: Rpc) -> None:
    """Opened over one edge, read, refunded and cancelled over the other."""
    wallet_id = called(new_wallet())
    asked = {"plan": "gold", "period": "quarter", "channel": "sandbox", "promotion": "launch"}
    opened = (await rpc.call("OpenOrder", wallet_id=wallet_id, membership=asked)).order
    await same(http, f"/v1/orders/{opened.order_id}", opened)
    paid = await http.post(opened.payment.pay_url)
    assert paid.status_code == 200
    wallet = (await rpc.call("ReadWallet", wallet_id=wallet_id)).wallet
    assert (
        json_of(wallet.membership)
        == (await fetched(http, f"/v1/wallets/{wallet_id}"))["membership"]
    )
    cancelled = (await rpc.call("CancelMembership", wallet_id=wallet_id)).membership
    assert not cancelled.renews
    refund = (await rpc.call("RefundOrder", order_id=opened.order_id, reason="test")).refund
    assert refund.order.order_id == opened.order_id
    read = (await rpc.call("ReadRefund", refund_id=refund.refund_id)).refund
    known = await fetched(http, f"/v1/refunds/{refund.refund_id}")
    assert {**json_of(read), "status": 0, "resolved_at": 0} == {
        **known,
        "order": None,
        "status": 0,
        "resolved_at": 0,
    }
    other = {"currency": "KUAIBI", "price_cny": "5", "channel": "sandbox"}
    recharge = (await rpc.call("OpenOrder", wallet_id=wallet_id, recharge=other)).order
    closed = (await rpc.call("CloseOrder", order_id=recharge.order_id)).order
    await same(http, f"/v1/orders/{recharge.order_id}", closed)
    assert json_of(closed)["status"] == "closed"


async def test_what_people_ask_is_the_same(http: Client, rpc: Rpc) -> None:
    """Whose a number is, what explains a balance and a charge, who calls, and who did what."""
    run = RpcRun(http, called(new_wallet()), rpc)
    await run.begin()
    await run.by_batch([("debit", "k", {"currency": "KUAIBI", "amount": "30"})])
    path, wallet_id, charge_id = run.wallet, called(run.wallet), run.charges[0]
    finding = await rpc.call("Find", q=wallet_id)
    await same(http, f"/v1/find?q={wallet_id}", finding, but=("indexed",))
    explained = (
        await rpc.call("ExplainCharge", wallet_id=wallet_id, charge_id=charge_id)
    ).explanation
    await same(http, f"{path}/charges/{charge_id}/explanation", explained)
    wallet = (await rpc.call("ExplainWallet", wallet_id=wallet_id)).explanation
    assert [currency.currency for currency in wallet.currencies] == list(CURRENCIES)
    assert json_of(wallet)["why"] == (await fetched(http, f"{path}/explanation"))["why"]
    await run.control("freeze", WHY)
    acts = await rpc.call("ListActs", subject=wallet_id)
    assert [item.operation for item in acts.items] == ["freezeWallet"]
    await same(http, f"/v1/acts?subject={wallet_id}", acts)
    await same(http, "/v1/callers/me", (await rpc.call("ReadMe")).me)
    for call, where in (
        ("ListCallers", "callers"),
        ("ListKeys", "keys"),
        ("ListProposals", "proposals"),
    ):
        await same(http, f"/v1/{where}?limit=3", await rpc.call(call, limit=3))


async def test_a_proposal_over_one_edge_is_decided_over_the_other(
    http: Client, rpc: Rpc, make_key: MakeKey, served: Served
) -> None:
    """Proposed over gRPC by one person, approved over HTTP by another, and told alike."""
    wallet_id = called(new_wallet())
    async with Rpc(served.grpc_port, await make_key(["admin:write"], kind="person")) as proposer:
        asked = {"direction": "DIRECTION_CREDIT", "currency": "INSPIRATION", "amount": "5"}
        made = await proposer.call("Propose", wallet_id=wallet_id, reason="test", adjustment=asked)
        alone = proposer.call("CloseWallet", wallet_id=wallet_id, reason="test")
        await refused(alone, "PERMISSION_DENIED", "APPROVAL_NEEDED")
    proposal_id = made.proposal.proposal_id
    approver = await make_key(["admin:approve"], kind="person")
    approved = await http.post(
        f"/v1/proposals/{proposal_id}/approve",
        json={},
        headers={"authorization": f"Bearer {approver}", "idempotency-key": "approve"},
    )
    assert approved.status_code == 200, approved.text
    read = (await rpc.call("ReadProposal", proposal_id=proposal_id)).proposal
    await same(http, f"/v1/proposals/{proposal_id}", read)
    assert json_of(read)["status"] == "done"
    assert json_of(read)["outcome"]["body"]["available_after"] == "5.00"
