"""Control: freeze a wallet, limit its spending, close it for good, erase its texts."""

from typing import Final

from ledger.contract import commands
from ledger.contract.answer import Answer
from ledger.contract.answers_control import (
    ClosedWalletAnswer,
    ErasedAnswer,
    ForfeitAnswer,
    FrozenAnswer,
    SetLimitAnswer,
)
from ledger.contract.bodies import CloseWalletBody, EmptyBody, LimitBody, ReasonBody
from ledger.contract.calls import examples
from ledger.contract.calls.gates import CHANGES
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.submission import submit
from ledger.core.flows.control import FreezeWallet, UnfreezeWallet
from ledger.core.rejections import Reason


async def freeze(call: Call[ReasonBody, NoQuery]) -> Answer:
    """Refuse spending until further notice."""
    return await submit(call, FreezeWallet(call.params["wallet_id"], call.body.reason))


async def unfreeze(call: Call[ReasonBody, NoQuery]) -> Answer:
    """Let the wallet spend again."""
    return await submit(call, UnfreezeWallet(call.params["wallet_id"], call.body.reason))


async def set_limit(call: Call[LimitBody, NoQuery]) -> Answer:
    """Cap spending of a currency, or lift the cap."""
    wallet_id = call.params["wallet_id"]
    return await submit(call, commands.set_limit(wallet_id, call.body, call.currencies.numbers))


async def close(call: Call[CloseWalletBody, NoQuery]) -> Answer:
    """End the wallet; its texts are erased with it."""
    return await submit(call, commands.close_wallet(call.params["wallet_id"], call.body))


async def erase(call: Call[EmptyBody, NoQuery]) -> Answer:
    """Erase what people wrote about the wallet."""
    wallet_id = call.params["wallet_id"]
    return Answer(200, ErasedAnswer(wallet_id, await call.ledger.texts.erase(wallet_id)))


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
        answers={200: FrozenAnswer},
        reasons=CHANGES,
        example_body=_WHY,
        example_answer=FrozenAnswer(examples.WALLET, frozen=True),
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
        answers={200: FrozenAnswer},
        reasons=CHANGES,
        example_body=ReasonBody("the owner called"),
        example_answer=FrozenAnswer(examples.WALLET, frozen=False),
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
        answers={200: SetLimitAnswer},
        reasons=CHANGES,
        problems=("unknown-currency", "amount-out-of-range"),
        example_body=LimitBody("INSPIRATION", "asked by the owner", "500", "100"),
        example_answer=SetLimitAnswer(examples.WALLET, "INSPIRATION", "500.00", "100.00"),
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
        answers={200: ClosedWalletAnswer},
        reasons=(*CHANGES, Reason.WALLET_NOT_EMPTY),
        example_body=CloseWalletBody("the owner left", forfeit_balance=True),
        example_answer=ClosedWalletAnswer(
            wallet_id=examples.WALLET,
            closed_at="2026-03-01T01:00:00.123456Z",
            forfeited=[ForfeitAnswer(examples.LOT, "INSPIRATION", "56.00")],
            membership_ended=False,
            claim_written_off_cny="0.00",
            orders_closed=[examples.ORDER],
        ),
    ),
    Operation(
        id="eraseWallet",
        method="POST",
        path=f"{_ONE}/erase",
        tag="Administration",
        summary="Erase the texts about a wallet",
        description=(
            "Reasons and whatever else people wrote: personal data. Balances and the log stay, and "
            "still prove themselves. The same twice is the same once."
        ),
        run=erase,
        scopes=("admin:write",),
        audited=True,
        proposed_as="erase_wallet",
        body=EmptyBody,
        body_optional=True,
        answers={200: ErasedAnswer},
        example_body=EmptyBody(),
        example_answer=ErasedAnswer(examples.WALLET, 3),
    ),
)
