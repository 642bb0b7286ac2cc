"""The event feed: the log of a shard in seq order, by long poll."""

import datetime as dt
from datetime import date
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from ledger.contract.examples import LOT, WALLET
from ledger.contract.fields import Amount, Moment
from ledger.contract.operation import Call, Operation
from ledger.contract.paging import Limit
from ledger.contract.problems import ProblemError, problem
from ledger.contract.response import Response
from ledger.contract.shared import Codes
from ledger.core.instants import day_to_date, format_instant
from ledger.core.money import format_amount
from ledger.store.feed import FeedEvent

SEQ_MAX: Final = 10**18 - 1
"""More than any shard will ever record."""


WAIT_MAX_S: Final = 30


class FeedQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which shard, from where on, and for how long to wait for more."""

    shard: Annotated[int, Meta(ge=0, le=255, description="Shards are numbered from 0")] = 0
    after_seq: Annotated[
        int, Meta(ge=0, le=SEQ_MAX, description="Tell what follows this seq; 0 is the beginning")
    ] = 0
    limit: Limit = 100
    wait_s: Annotated[
        int, Meta(ge=0, le=WAIT_MAX_S, description="Wait so long if there is nothing yet")
    ] = 0


class FeedLegAnswer(Struct, frozen=True):
    """One leg of a journal entry; the amount is signed, debit positive."""

    account: str
    code: str
    currency: str
    amount: Amount


class FeedEventAnswer(Struct, frozen=True):
    """One event of the log; `caller` is null for what fell due by itself."""

    shard: int
    seq: int
    wallet_id: str
    type: str
    occurred_at: Moment
    recorded_at: Moment
    day: Annotated[dt.date, Meta(description="The accounting day, in Shanghai")]
    caller: str | None
    payload: Annotated[Any, Meta(description="The event as it is stored: the very text hashed")]
    legs: list[FeedLegAnswer]


class FeedAnswer(Struct, frozen=True):
    """Events in seq order; go on with `after_seq` = `next`. `head` is the shard's last seq."""

    items: list[FeedEventAnswer]
    next: int
    head: int


def render_feed_event(event: FeedEvent, codes: Codes) -> FeedEventAnswer:
    """An event as followers of the log see it."""
    return FeedEventAnswer(
        shard=event.shard,
        seq=event.seq,
        wallet_id=event.wallet_id,
        type=event.tag,
        occurred_at=format_instant(event.occurred_at),
        recorded_at=format_instant(event.recorded_at),
        day=day_to_date(event.day),
        caller=event.caller or None,
        payload=msgspec.Raw(event.payload.encode()),
        legs=[
            FeedLegAnswer(
                leg.account, leg.code, codes[leg.currency], format_amount(leg.amount_minor)
            )
            for leg in event.legs
        ],
    )


async def read_events(call: Call[None, FeedQuery]) -> Response:
    """Read what a shard recorded after a seq, waiting for it if asked to."""
    query, codes, shards = call.query, call.currencies.codes, call.ledger.facts.shards
    if query.shard >= shards:
        detail = f"shard was {query.shard}; there are {shards}, numbered 0 to {shards - 1}."
        raise ProblemError(problem("malformed", detail, field="shard", shards=shards))
    page = await call.ledger.feed.read(query.shard, query.after_seq, query.limit, query.wait_s)
    items = [render_feed_event(event, codes) for event in page.events]
    following = items[-1].seq if items else query.after_seq
    return Response(200, FeedAnswer(items, following, page.head))


OPERATIONS: Final = (
    Operation(
        id="readEvents",
        method="GET",
        path="/v1/events",
        tag="Finance",
        summary="Follow the log of a shard",
        description=(
            "Every event of a shard, in seq order and without a gap: ask again with `after_seq` = "
            "`next`. With `wait_s` the answer comes as soon as there is an event, or empty when "
            "the wait is over. A page of large events may be shorter than `limit`; `next` is "
            "`head` once nothing is left."
        ),
        run=read_events,
        scopes=("finance:read",),
        query=FeedQuery,
        waits=True,
        answers={200: FeedAnswer},
        problems=("busy",),
        example_query={"shard": "0", "after_seq": "4710", "wait_s": "30"},
        example_answer=FeedAnswer(
            [
                FeedEventAnswer(
                    shard=0,
                    seq=4711,
                    wallet_id=WALLET,
                    type="daily_granted_v1",
                    occurred_at="2026-03-01T01:00:00.123456Z",
                    recorded_at="2026-03-01T01:00:00.123456Z",
                    day=date(2026, 3, 1),
                    caller="app",
                    payload={
                        "type": "daily_granted_v1",
                        "day": 20513,
                        "lot": {
                            "lot_id": LOT,
                            "currency": 1001,
                            "source": "daily",
                            "amount_minor": 6600,
                            "granted_at": 1772326800123456,
                            "expires_at": 1772380800000000,
                        },
                    },
                    legs=[
                        FeedLegAnswer("points:issued:daily", "9001.03", "INSPIRATION", "66.00"),
                        FeedLegAnswer("points:available:daily", "9002.03", "INSPIRATION", "-66.00"),
                    ],
                )
            ],
            4711,
            4711,
        ),
    ),
)
