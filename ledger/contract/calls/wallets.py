"""Wallets: what they hold, and points given to them without payment."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType

from ledger.contract import commands, past
from ledger.contract.answer import Answer
from ledger.contract.answers import (
    BalanceAnswer,
    DailyGrantAnswer,
    GrantAnswer,
    LimitAnswer,
    LotAnswer,
    LotsAnswer,
    WalletAnswer,
)
from ledger.contract.bodies import EmptyBody, GrantBody
from ledger.contract.calls.examples import LOT, MEMBERSHIP, WALLET
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.paging import LIMIT_MAX, Cursor, Keyset, Limit
from ledger.contract.past import At
from ledger.contract.render_wallet import render_lot, render_wallet
from ledger.contract.submission import submit
from ledger.core.flows.daily_grant import ClaimDailyGrant
from ledger.core.flows.grant import Grant
from ledger.core.lots import spending_rank
from ledger.core.rejections import Reason
from ledger.core.wallet import Lot

_LOTS: Final = Keyset(tuple[int, bool, int, str])


class WalletQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """As of when; now by default."""

    at: At | UnsetType = UNSET


class LotsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of lots; all that callers may have fit on the first."""

    at: At | UnsetType = UNSET
    limit: Limit = LIMIT_MAX
    after: Cursor | UnsetType = UNSET


async def read_wallet(call: Call[None, WalletQuery]) -> Answer:
    """Tell what the wallet holds, or held."""
    view = await past.read_wallet(call, call.query.at)
    policy = call.ledger.catalogue.at(view.as_of).policy
    return Answer(200, render_wallet(view, policy, call.currencies.codes))


async def list_lots(call: Call[None, LotsQuery]) -> Answer:
    """List the lots that have anything left, in spending order."""
    view = await past.read_wallet(call, call.query.at)
    filled = [lot for lot in view.wallet.lots if lot.available_minor or lot.held_minor]
    lots, following = _LOTS.page(filled, _rank, call.query.limit, call.query.after)
    items = [render_lot(lot, call.currencies.codes) for lot in lots]
    return Answer(200, LotsAnswer(items, following))


def _rank(lot: Lot) -> tuple[int, bool, int, str]:
    return spending_rank(lot.terms)


async def claim_daily_grant(call: Call[EmptyBody, NoQuery]) -> Answer:
    """Give the day's points, once."""
    return await submit(call, ClaimDailyGrant(call.params["wallet_id"]))


async def grant(call: Call[GrantBody, NoQuery]) -> Answer:
    """Give points without payment."""
    wallet_id = call.params["wallet_id"]
    return await submit(call, commands.grant(wallet_id, call.body, call.currencies.numbers))


_WALLET: Final = WalletAnswer(
    wallet_id=WALLET,
    status="open",
    balances={
        "INSPIRATION": BalanceAnswer("716.00", "10.00", "56.00"),
        "KUAIBI": BalanceAnswer("0.00", "0.00", "0.00"),
    },
    membership=MEMBERSHIP,
    claim_fen=0,
    claims=[],
    payable_fen=0,
    limits=[LimitAnswer("INSPIRATION", "500.00", None, "10.00")],
    frozen=False,
    seq=42,
    as_of="2026-03-01T01:00:00.123456Z",
)
_LOT: Final = LotAnswer(
    lot_id=LOT,
    currency="INSPIRATION",
    source="daily",
    available="56.00",
    held="10.00",
    cost_fen=0,
    granted_at="2026-03-01T00:15:00Z",
    expires_at="2026-03-01T16:00:00Z",
)
_CLAIM: Final = DailyGrantAnswer(
    LOT, "INSPIRATION", "66.00", "2026-03-01T16:00:00Z", claimed_now=True
)

OPERATIONS: Final = (
    Operation(
        id="readWallet",
        method="GET",
        path="/v1/wallets/{wallet_id}",
        tag="Wallet",
        summary="Read a wallet",
        description=(
            "A wallet that was never seen reads as zeros. With `at` it is told as it was: what was "
            "recorded by then, with what had fallen due by then."
        ),
        run=read_wallet,
        scopes=("wallet:read",),
        query=WalletQuery,
        answers={200: WalletAnswer},
        example_query={"at": "2026-03-01T09:00:00.123456+08:00"},
        example_answer=_WALLET,
    ),
    Operation(
        id="listLots",
        method="GET",
        path="/v1/wallets/{wallet_id}/lots",
        tag="Wallet",
        summary="List a wallet's lots in spending order",
        run=list_lots,
        scopes=("wallet:read",),
        query=LotsQuery,
        answers={200: LotsAnswer},
        example_query={"at": "2026-03-01T01:00:00.123456Z"},
        example_answer=LotsAnswer([_LOT], None),
    ),
    Operation(
        id="claimDailyGrant",
        method="POST",
        path="/v1/wallets/{wallet_id}/daily-grant",
        tag="Wallet",
        summary="Claim the day's free points",
        description="Once an Asia/Shanghai day; a later claim that day, 200, tells the first.",
        run=claim_daily_grant,
        scopes=("credit:write",),
        body=EmptyBody,
        body_optional=True,
        needs_key=True,
        answers={201: DailyGrantAnswer, 200: DailyGrantAnswer},
        reasons=(*ClaimDailyGrant.gates.reasons, Reason.LIMIT_EXCEEDED),
        example_body=EmptyBody(),
        example_answer=_CLAIM,
    ),
    Operation(
        id="grant",
        method="POST",
        path="/v1/wallets/{wallet_id}/grants",
        tag="Wallet",
        summary="Grant points without payment",
        run=grant,
        scopes=("credit:write",),
        audited_for_people=True,
        body=GrantBody,
        needs_key=True,
        answers={201: GrantAnswer},
        reasons=(*Grant.gates.reasons, Reason.EXPIRY_OUT_OF_RANGE, Reason.LIMIT_EXCEEDED),
        problems=("unknown-currency", "amount-out-of-range"),
        example_body=GrantBody("INSPIRATION", "50", "promotional", "spring campaign"),
        example_answer=GrantAnswer(
            LOT, WALLET, "INSPIRATION", "50.00", "promotional", "2026-03-01T01:00:00Z", None
        ),
    ),
)
