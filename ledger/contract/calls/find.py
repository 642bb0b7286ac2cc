"""Finding: the wallets that an id, a payment number or a reference belongs to."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from ledger.contract.examples import HOLD, WALLET
from ledger.contract.operation import Call, Operation
from ledger.contract.response import Response
from ledger.store.directory import NameKind

NameText = Annotated[
    str,
    Meta(
        pattern=r"\A[\x21-\x7e]{1,128}\Z",
        min_length=1,
        max_length=128,
        description="The whole of an id or number: 1 to 128 visible ASCII characters",
    ),
]


class FindQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What to look for."""

    q: NameText


class FoundAnswer(Struct, frozen=True):
    """Something of this name, and the wallet it belongs to.

    `seq` is of an event of that wallet which names it: the one that named it first, or of a
    wallet, an order and a refund the one that changed it last.
    """

    kind: NameKind
    id: str
    wallet_id: str
    seq: int


class IndexedAnswer(Struct, frozen=True):
    """Up to which seq of a shard the directory has followed the log, which ended at `head`."""

    shard: int
    seq: int
    head: int


class FindAnswer(Struct, frozen=True):
    """All that goes by a name; `more` says that only a part of it is listed."""

    items: list[FoundAnswer]
    more: bool
    indexed: list[IndexedAnswer]


async def find(call: Call[None, FindQuery]) -> Response:
    """Find the wallets that a name belongs to."""
    name = call.query.q
    finding = await call.ledger.directory.find(name)
    return Response(
        200,
        FindAnswer(
            [FoundAnswer(item.kind, name, item.wallet_id, item.seq) for item in finding.items],
            finding.more,
            [IndexedAnswer(place.shard, place.seq, place.head) for place in finding.places],
        ),
    )


OPERATIONS: Final = (
    Operation(
        id="find",
        method="GET",
        path="/v1/find",
        tag="Wallet",
        summary="Find out whose an id or number is",
        description=(
            "`q` is the whole id of a wallet, order, refund, hold, charge, transfer or lot, a "
            "channel's own number of a payment or of its reversal (`payment`), or a caller's "
            "`reference`. One name may be several things: a hold's id is unique only within its "
            "wallet, a reference not even there. At most 100 are listed. Wallets, orders, refunds "
            "and charges are found at once. The others are in a directory that follows the log, "
            "usually by a second; where nothing is found, some thousand events that are new are "
            "looked through as well. `indexed` says how far the directory is."
        ),
        run=find,
        scopes=("wallet:read",),
        query=FindQuery,
        answers={200: FindAnswer},
        example_query={"q": HOLD},
        example_answer=FindAnswer(
            [
                FoundAnswer("hold", HOLD, WALLET, 4709),
                FoundAnswer("reference", HOLD, "user-91c2", 3322),
            ],
            more=False,
            indexed=[IndexedAnswer(0, 4711, 4711), IndexedAnswer(1, 3350, 3352)],
        ),
    ),
)
