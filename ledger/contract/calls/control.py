"""Control: freeze a wallet, limit its spending, close it for good, erase its texts."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType

from ledger.contract.examples import LOT, ORDER, WALLET
from ledger.contract.fields import Amount, AmountText, CurrencyCode, Moment, ReasonText
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.response import Response
from ledger.contract.shared import (
    Body,
    Codes,
    EmptyBody,
    Numbers,
    ReasonBody,
    currency_number,
    optional_amount,
    optional_positive_amount,
)
from ledger.contract.submission import submit
from ledger.core.flows.closure import CloseWallet, WalletClosed
from ledger.core.flows.control import (
    FreezeWallet,
    LimitSet,
    SetLimit,
    UnfreezeWallet,
    WalletFrozen,
    WalletUnfrozen,
)
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.rejections import Reason


class LimitBody(Body, frozen=True):
    """What may be spent of a currency a Shanghai day and in a single charge; neither: no limit."""

    currency: CurrencyCode
    reason: ReasonText
    day: AmountText | UnsetType = UNSET
    single: AmountText | UnsetType = UNSET


class CloseWalletBody(Body, frozen=True):
    """The end of a wallet: what it still has must be said to be given up, one by one."""

    reason: ReasonText
    forfeit_balance: bool = False
    end_membership: bool = False
    write_off_claim: bool = False


class FrozenAnswer(Struct, frozen=True):
    """Whether the wallet may spend from now on."""

    wallet_id: str
    frozen: bool


class SetLimitAnswer(Struct, frozen=True):
    """The wallet's own limit on a currency from now on; null is no limit."""

    wallet_id: str
    currency: str
    day: Amount | None
    single: Amount | None


class ForfeitAnswer(Struct, frozen=True):
    """What a closed wallet still had of a lot."""

    lot_id: str
    currency: str
    amount: Amount


class ClosedWalletAnswer(Struct, frozen=True):
    """A wallet's end: what was given up with it."""

    wallet_id: str
    closed_at: Moment
    forfeited: list[ForfeitAnswer]
    membership_ended: bool
    claim_written_off_cny: Amount
    orders_closed: list[str]


class ErasedAnswer(Struct, frozen=True):
    """How many texts about the wallet were erased; the log itself never held them."""

    wallet_id: str
    erased: int


def limit_command(wallet_id: str, body: LimitBody, numbers: Numbers) -> SetLimit:
    """A wallet's own limit on spending a currency."""
    return SetLimit(
        wallet_id,
        currency=currency_number(body.currency, numbers),
        reason=body.reason,
        day_minor=optional_positive_amount(body.day, "day"),
        single_minor=optional_positive_amount(body.single, "single"),
    )


def close_command(wallet_id: str, body: CloseWalletBody) -> CloseWallet:
    """The end of a wallet."""
    return CloseWallet(
        wallet_id,
        body.reason,
        forfeit_balance=body.forfeit_balance,
        end_membership=body.end_membership,
        write_off_claim=body.write_off_claim,
    )


def render_limit(wallet_id: str, event: LimitSet, codes: Codes) -> SetLimitAnswer:
    """The answer to a limit that was set or lifted."""
    limit = event.limit
    return SetLimitAnswer(
        wallet_id=wallet_id,
        currency=codes[limit.currency],
        day=optional_amount(limit.day_minor),
        single=optional_amount(limit.single_minor),
    )


def render_closed_wallet(wallet_id: str, event: WalletClosed, codes: Codes) -> ClosedWalletAnswer:
    """The answer to a wallet's end."""
    return ClosedWalletAnswer(
        wallet_id=wallet_id,
        closed_at=format_instant(event.closed_at),
        forfeited=[
            ForfeitAnswer(
                take.lot.lot_id, codes[take.lot.currency], format_amount(take.amount_minor)
            )
            for take in event.takes
        ],
        membership_ended=bool(event.terms),
        claim_written_off_cny=format_amount(sum(claim.open_fen for claim in event.claims)),
        orders_closed=[order.order_id for order in event.orders],
    )


def render_frozen(wallet_id: str, event: WalletFrozen | WalletUnfrozen, _: Codes) -> FrozenAnswer:
    """The answer to a freeze or its end."""
    return FrozenAnswer(wallet_id, event.frozen)


async def freeze(call: Call[ReasonBody, NoQuery]) -> Response:
    """Refuse spending until further notice."""
    return await submit(call, FreezeWallet(call.params["wallet_id"], call.body.reason))


async def unfreeze(call: Call[ReasonBody, NoQuery]) -> Response:
    """Let the wallet spend again."""
    return await submit(call, UnfreezeWallet(call.params["wallet_id"], call.body.reason))


async def set_limit(call: Call[LimitBody, NoQuery]) -> Response:
    """Cap spending of a currency, or lift the cap."""
    wallet_id = call.params["wallet_id"]
    return await submit(call, limit_command(wallet_id, call.body, call.currencies.numbers))


async def close(call: Call[CloseWalletBody, NoQuery]) -> Response:
    """End the wallet; its texts are erased with it."""
    return await submit(call, close_command(call.params["wallet_id"], call.body))


async def erase(call: Call[EmptyBody, NoQuery]) -> Response:
    """Erase what people wrote about the wallet."""
    wallet_id = call.params["wallet_id"]
    return Response(200, ErasedAnswer(wallet_id, await call.ledger.texts.erase(wallet_id)))


_ONE: Final = "/v1/wallets/{wallet_id}"
_WHY: Final = ReasonBody("reported as stolen")

OPERATIONS: Final = (
    Operation(
        id="freezeWallet",
        method="POST",
        path=f"{_ONE}/freeze",
        tag="Administration",
        summary="Freeze a wallet",
        description=(
            "Holds, debits, conversions, transfers and daily claims are refused; payments, "
            "captures, voids, refunds and whatever falls due go on."
        ),
        run=freeze,
        scopes=("admin:write",),
        audited=True,
        body=ReasonBody,
        needs_key=True,
        responds={WalletFrozen: (200, render_frozen)},
        commands=(FreezeWallet,),
        example_body=_WHY,
        example_answer=FrozenAnswer(WALLET, frozen=True),
    ),
    Operation(
        id="unfreezeWallet",
        method="POST",
        path=f"{_ONE}/unfreeze",
        tag="Administration",
        summary="Unfreeze a wallet",
        run=unfreeze,
        scopes=("admin:write",),
        audited=True,
        body=ReasonBody,
        needs_key=True,
        responds={WalletUnfrozen: (200, render_frozen)},
        commands=(UnfreezeWallet,),
        example_body=ReasonBody("the owner called"),
        example_answer=FrozenAnswer(WALLET, frozen=False),
    ),
    Operation(
        id="setLimit",
        method="POST",
        path=f"{_ONE}/limits",
        tag="Administration",
        summary="Limit what a wallet may spend of a currency",
        description=(
            "It replaces the wallet's limit on that currency; with neither `day` nor `single` the "
            "wallet has none of its own, and the house's holds if there is one."
        ),
        run=set_limit,
        scopes=("admin:write",),
        audited=True,
        body=LimitBody,
        needs_key=True,
        responds={LimitSet: (200, render_limit)},
        commands=(SetLimit,),
        problems=(Reason.UNKNOWN_CURRENCY, Reason.AMOUNT_OUT_OF_RANGE),
        example_body=LimitBody("INSPIRATION", "asked by the owner", "500", "100"),
        example_answer=SetLimitAnswer(WALLET, "INSPIRATION", "500.00", "100.00"),
    ),
    Operation(
        id="closeWallet",
        method="POST",
        path=f"{_ONE}/close",
        tag="Administration",
        summary="Close a wallet for good",
        description=(
            "Refused while holds, refunds or transfers are open or money is payable to the owner, "
            "and while it has a balance, a membership or a claim that is not said to be given up. "
            "Pending orders are closed. Then the texts about the wallet are erased."
        ),
        run=close,
        scopes=("admin:write",),
        audited=True,
        proposed_as="close_wallet",
        body=CloseWalletBody,
        needs_key=True,
        responds={WalletClosed: (200, render_closed_wallet)},
        commands=(CloseWallet,),
        example_body=CloseWalletBody("the owner left", forfeit_balance=True),
        example_answer=ClosedWalletAnswer(
            wallet_id=WALLET,
            closed_at="2026-03-01T01:00:00.123456Z",
            forfeited=[ForfeitAnswer(LOT, "INSPIRATION", "56.00")],
            membership_ended=False,
            claim_written_off_cny="0.00",
            orders_closed=[ORDER],
        ),
    ),
    Operation(
        id="eraseWallet",
        repeatable=True,
        method="POST",
        path=f"{_ONE}/erase",
        tag="Administration",
        summary="Erase the texts about a wallet",
        description=(
            "Reasons and whatever else people wrote: personal data. Balances and the log stay, and "
            "still prove themselves. Erasing again finds nothing left, and is no error."
        ),
        run=erase,
        scopes=("admin:write",),
        audited=True,
        proposed_as="erase_wallet",
        body=EmptyBody,
        body_optional=True,
        answers={200: ErasedAnswer},
        example_body=EmptyBody(),
        example_answer=ErasedAnswer(WALLET, 3),
    ),
)
