"""Wallets: what they hold, lot by lot, now or at an instant of the past."""

from collections.abc import Iterable
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType

from ledger.contract import as_of
from ledger.contract.as_of import At
from ledger.contract.calls.membership import EXAMPLE_MEMBERSHIP, MembershipAnswer, render_membership
from ledger.contract.examples import LOT, WALLET
from ledger.contract.fields import Amount, Moment
from ledger.contract.operation import Call, Operation
from ledger.contract.paging import LIMIT_MAX, Cursor, Keyset, Limit
from ledger.contract.response import Response
from ledger.contract.shared import Codes, moment, optional_amount
from ledger.core.chart import Source
from ledger.core.instants import DAY_US, Instant, format_instant
from ledger.core.limits import limit_on, use_of
from ledger.core.lots import spending_rank
from ledger.core.money import CNY, format_amount
from ledger.core.purchases import Claim
from ledger.core.terms import Policy
from ledger.core.wallet import Lot, Wallet
from ledger.queries.wallets import WalletView

WalletStatus = Literal["open", "frozen", "closed"]


_LOTS: Final = Keyset(tuple[int, bool, int, str])


class WalletQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """As of when; now by default."""

    at: At | UnsetType = UNSET


class LotsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of lots; all that callers may have fit on the first."""

    at: At | UnsetType = UNSET
    limit: Limit = LIMIT_MAX
    after: Cursor | UnsetType = UNSET


class BalanceAnswer(Struct, frozen=True):
    """One currency of a wallet; `expiring_soon` is what is available and expires within 24 h."""

    available: Amount
    held: Amount
    expiring_soon: Amount


class LimitAnswer(Struct, frozen=True):
    """What may be spent of a currency a Shanghai day, and in a single charge; null is no limit.

    `charged_today` counts towards the day, and so does what open holds have set aside.
    """

    currency: str
    day: Amount | None
    single: Amount | None
    charged_today: Amount


class ClaimAnswer(Struct, frozen=True):
    """What is owed of an order whose payment was taken back after its points were spent."""

    order_id: str
    open_cny: Amount


class WalletAnswer(Struct, frozen=True):
    """A wallet at `as_of`, whatever fell due by then applied; `seq` is its last recorded event.

    `claim_fen` is what its owner owes, all `claims` together; `payable_fen` is what is owed to them
    for what others gave them.
    """

    wallet_id: str
    status: WalletStatus
    balances: dict[str, BalanceAnswer]
    membership: MembershipAnswer | None
    claim_fen: int
    claims: list[ClaimAnswer]
    payable_fen: int
    limits: list[LimitAnswer]
    frozen: bool
    seq: int
    as_of: Moment


class LotAnswer(Struct, frozen=True):
    """A parcel of one currency; `cost_fen` is what was paid for the whole of it."""

    lot_id: str
    currency: str
    source: Source
    available: Amount
    held: Amount
    cost_fen: int
    granted_at: Moment
    expires_at: Moment | None


class LotsAnswer(Struct, frozen=True):
    """A page of lots, in spending order."""

    items: list[LotAnswer]
    next: str | None


EXPIRING_SOON_US: Final = DAY_US
"""What expires within a day of the reading counts as expiring soon."""


def render_wallet(view: WalletView, policy: Policy, codes: Codes) -> WalletAnswer:
    """The wallet as callers see it, every virtual currency named."""
    wallet = view.wallet
    numbers = [number for number in codes if number != CNY]
    return WalletAnswer(
        wallet_id=wallet.wallet_id,
        status=status_of(wallet),
        balances={codes[number]: _balance(wallet, number, view.as_of) for number in numbers},
        membership=None if wallet.membership is None else render_membership(wallet.membership),
        claim_fen=wallet.claim_fen(),
        claims=[render_claim(claim) for claim in wallet.claims],
        payable_fen=wallet.payable_fen,
        limits=_limits(view, policy, codes, numbers),
        frozen=wallet.frozen,
        seq=view.seq,
        as_of=format_instant(view.as_of),
    )


def status_of(wallet: Wallet) -> WalletStatus:
    """The status of the wallet: open, frozen or closed."""
    if wallet.closed_at is not None:
        return "closed"
    return "frozen" if wallet.frozen else "open"


def _balance(wallet: Wallet, currency: int, as_of: Instant) -> BalanceAnswer:
    soon = as_of + EXPIRING_SOON_US
    expiring = sum(
        lot.available_minor
        for lot in wallet.lots
        if lot.terms.currency == currency
        and lot.terms.expires_at is not None
        and lot.terms.expires_at <= soon
    )
    return BalanceAnswer(
        available=format_amount(wallet.available_minor(currency)),
        held=format_amount(wallet.held_minor(currency)),
        expiring_soon=format_amount(expiring),
    )


def render_claim(claim: Claim) -> ClaimAnswer:
    """What is owed of one order."""
    return ClaimAnswer(claim.order_id, format_amount(claim.open_fen))


def _limits(
    view: WalletView, policy: Policy, codes: Codes, numbers: Iterable[int]
) -> list[LimitAnswer]:
    limits = (limit_on(view.wallet, policy, number) for number in numbers)
    return [
        LimitAnswer(
            currency=codes[limit.currency],
            day=optional_amount(limit.day_minor),
            single=optional_amount(limit.single_minor),
            charged_today=format_amount(
                use_of(view.wallet, limit.currency, view.as_of).charged_minor
            ),
        )
        for limit in limits
        if limit.day_minor is not None or limit.single_minor is not None
    ]


def render_lot(lot: Lot, codes: Codes) -> LotAnswer:
    """One lot, as it stands."""
    terms = lot.terms
    return LotAnswer(
        lot_id=terms.lot_id,
        currency=codes[terms.currency],
        source=terms.source,
        available=format_amount(lot.available_minor),
        held=format_amount(lot.held_minor),
        cost_fen=terms.cost_fen,
        granted_at=format_instant(terms.granted_at),
        expires_at=moment(terms.expires_at),
    )


async def read_wallet(call: Call[None, WalletQuery]) -> Response:
    """Read what the wallet holds now, or held at an instant."""
    view = await as_of.read_wallet(call, call.query.at)
    policy = call.ledger.catalogue.at(view.as_of).policy
    return Response(200, render_wallet(view, policy, call.currencies.codes))


async def list_lots(call: Call[None, LotsQuery]) -> Response:
    """List the lots that have anything left, in spending order."""
    view = await as_of.read_wallet(call, call.query.at)
    filled = [lot for lot in view.wallet.lots if lot.available_minor or lot.held_minor]
    lots, following = _LOTS.page(filled, _rank, call.query.limit, call.query.after)
    items = [render_lot(lot, call.currencies.codes) for lot in lots]
    return Response(200, LotsAnswer(items, following))


def _rank(lot: Lot) -> tuple[int, bool, int, str]:
    return spending_rank(lot.terms)


_WALLET: Final = WalletAnswer(
    wallet_id=WALLET,
    status="open",
    balances={
        "INSPIRATION": BalanceAnswer("716.00", "10.00", "56.00"),
        "KUAIBI": BalanceAnswer("0.00", "0.00", "0.00"),
    },
    membership=EXAMPLE_MEMBERSHIP,
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

OPERATIONS: Final = (
    Operation(
        id="readWallet",
        method="GET",
        path="/v1/wallets/{wallet_id}",
        tag="Wallet",
        summary="Read a wallet",
        description=(
            "A wallet that was never seen reads as zeros. With `at` it is shown as it was: what "
            "was recorded by then, with what had fallen due by then."
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
)
