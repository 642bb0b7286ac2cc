"""Explaining a wallet: its parts, which add up to its balance, and what keeps it from spending."""

import asyncio
from typing import Final

from msgspec import Struct

from ledger.contract.calls.wallets import ClaimAnswer, WalletStatus, render_claim, status_of
from ledger.contract.examples import CHANNEL, HOLD, LOT, ORDER, WALLET
from ledger.contract.explanation.currencies import (
    ExplainedCurrency,
    ExplainedHold,
    ExplainedLimit,
    render_explained_currency,
)
from ledger.contract.explanation.lots import (
    ExplainedLot,
    HeldByAnswer,
    LotOrderAnswer,
    OriginAnswer,
)
from ledger.contract.explanation.upcoming import UpcomingAnswer, render_upcoming
from ledger.contract.explanation.words import Words, counted
from ledger.contract.fields import Amount, Moment
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.response import Response
from ledger.contract.shared import Codes, TakeAnswer
from ledger.core.flows.membership import ends_at, standing
from ledger.core.instants import format_instant
from ledger.core.money import CNY, format_amount
from ledger.core.terms import Policy
from ledger.core.wallet import Wallet
from ledger.queries.explanation import WalletReasons, currency_reasons


class SpendingAnswer(Struct, frozen=True):
    """Whether the wallet may spend at all."""

    allowed: bool
    why: Words


class WalletExplanation(Struct, frozen=True):
    """Why a wallet's balance is what it is, with what had fallen due by `as_of` applied.

    `upcoming` is in order of time, what comes within 48 h first; `upcoming_more` says that only
    a part of it is listed. `claims` are what its owner owes.
    """

    wallet_id: str
    as_of: Moment
    seq: int
    status: WalletStatus
    spending: SpendingAnswer
    currencies: list[ExplainedCurrency]
    upcoming: list[UpcomingAnswer]
    upcoming_more: bool
    claims: list[ClaimAnswer]
    claim_cny: Amount
    payable_cny: Amount
    why: list[str]


def render_wallet_explanation(
    reasons: WalletReasons, policy: Policy, codes: Codes
) -> WalletExplanation:
    """Why the wallet's balance is what it is, every virtual currency named."""
    wallet = reasons.wallet
    currencies = [
        render_explained_currency(currency_reasons(wallet, number), reasons, policy, codes)
        for number in codes
        if number != CNY
    ]
    spending = SpendingAnswer(*_spending_words(wallet, policy))
    return WalletExplanation(
        wallet_id=wallet.wallet_id,
        as_of=format_instant(reasons.as_of),
        seq=reasons.seq,
        status=status_of(wallet),
        spending=spending,
        currencies=currencies,
        upcoming=[render_upcoming(upcoming, reasons.as_of, codes) for upcoming in reasons.upcoming],
        upcoming_more=reasons.more,
        claims=[render_claim(claim) for claim in wallet.claims],
        claim_cny=format_amount(wallet.claim_fen()),
        payable_cny=format_amount(wallet.payable_fen),
        why=[currency.why for currency in currencies] + [spending.why] + _other_words(wallet),
    )


def _spending_words(wallet: Wallet, policy: Policy) -> tuple[bool, str]:
    """Whether the wallet may spend at all, and what keeps it from that."""
    if wallet.closed_at is not None:
        return False, f"The wallet was closed {format_instant(wallet.closed_at)}, for good."
    if wallet.frozen:
        return False, "The wallet is frozen: an administrator has to unfreeze it before it spends."
    if wallet.claims and policy.claims_block_spending:
        owed = format_amount(wallet.claim_fen())
        return (
            False,
            f"Generation is refused while a claim of {owed} CNY is open: a recharge pays it.",
        )
    return True, "Nothing keeps the wallet from spending what is available."


def _other_words(wallet: Wallet) -> list[str]:
    """What there is to know beside the balance: claims, money payable, a membership."""
    sentences = []
    if wallet.claims:
        sentences.append(
            f"Its owner owes {format_amount(wallet.claim_fen())} CNY for points that were spent "
            "before their payment was taken back; the next recharge pays that first."
        )
    if wallet.payable_fen:
        sentences.append(
            f"{format_amount(wallet.payable_fen)} CNY is payable to its owner for gifts."
        )
    if wallet.transfers:
        sentences.append(f"{counted(len(wallet.transfers), 'gift')} to others still on the way.")
    if wallet.membership is not None:
        plan, until = standing(wallet.membership).plan, format_instant(ends_at(wallet.membership))
        sentences.append(f"The membership {plan} is paid until {until}.")
    return sentences


async def explain_wallet(call: Call[None, NoQuery]) -> Response:
    """Explain why the wallet's balance is what it is."""
    reasons = await call.ledger.explanations.explain_wallet(call.params["wallet_id"])
    policy = call.ledger.catalogue.at(reasons.as_of).policy
    # Rendering a thousand lots takes tenths of a second, which would hold up all other requests.
    explanation = await asyncio.to_thread(
        render_wallet_explanation, reasons, policy, call.currencies.codes
    )
    return Response(200, explanation)


_EXAMPLE: Final = WalletExplanation(
    wallet_id=WALLET,
    as_of="2026-03-01T01:00:00.123456Z",
    seq=42,
    status="open",
    spending=SpendingAnswer(
        allowed=True, why="Nothing keeps the wallet from spending what is available."
    ),
    currencies=[
        ExplainedCurrency(
            currency="INSPIRATION",
            available="156.00",
            held="10.00",
            refunding="0.00",
            expiring_48h="56.00",
            lots=[
                ExplainedLot(
                    place=1,
                    lot_id=LOT,
                    available="56.00",
                    held="10.00",
                    held_by=[HeldByAnswer(HOLD, "10.00", "2026-03-01T02:00:00.123456Z")],
                    source="daily",
                    paid=False,
                    granted="66.00",
                    cost_cny="0.00",
                    vat_cny="0.00",
                    cost_left_cny="0.00",
                    granted_at="2026-03-01T00:15:00Z",
                    expires_at="2026-03-01T16:00:00Z",
                    extended=False,
                    origin=OriginAnswer(40, "daily_granted", "2026-03-01T00:15:00Z", "app", None),
                    order_id=None,
                    order=None,
                    rule="expires_earlier",
                    why=(
                        f"Spent before lot-{ORDER}: what expires first goes first; it expires "
                        "2026-03-01T16:00:00Z, the other one never does. Holds have set 10.00 of "
                        "it aside; the rest can be spent."
                    ),
                ),
                ExplainedLot(
                    place=2,
                    lot_id=f"lot-{ORDER}",
                    available="100.00",
                    held="0.00",
                    held_by=[],
                    source="purchased",
                    paid=True,
                    granted="100.00",
                    cost_cny="10.00",
                    vat_cny="0.57",
                    cost_left_cny="10.00",
                    granted_at="2026-03-01T00:02:03.456789Z",
                    expires_at=None,
                    extended=False,
                    origin=OriginAnswer(
                        39,
                        "recharge_paid",
                        "2026-03-01T00:02:03.456789Z",
                        f"channel:{CHANNEL}",
                        None,
                    ),
                    order_id=ORDER,
                    order=LotOrderAnswer(
                        order_id=ORDER,
                        kind="recharge",
                        status="paid",
                        channel=CHANNEL,
                        price_cny="10.00",
                        promotion=None,
                        payment_id=f"{CHANNEL}-{ORDER}",
                    ),
                    rule="last",
                    why="No lot of its currency is spent after it.",
                ),
            ],
            holds=[
                ExplainedHold(
                    hold_id=HOLD,
                    amount="10.00",
                    authorized_at="2026-03-01T01:00:00.123456Z",
                    expires_at="2026-03-01T02:00:00.123456Z",
                    reference="render-1842",
                    sku="video-5s-standard",
                    takes=[TakeAnswer(LOT, "10.00")],
                    why=(
                        "Since 2026-03-01T01:00:00.123456Z it sets 10.00 aside, in the order of "
                        "spending then. Unless it is captured or voided before, it ends "
                        "2026-03-01T02:00:00.123456Z, and all of it goes back to the lots it came "
                        "from."
                    ),
                )
            ],
            limit=ExplainedLimit(
                of="wallet",
                day="500.00",
                single=None,
                charged_today="20.00",
                held="10.00",
                left_today="470.00",
                resets_at="2026-03-01T16:00:00Z",
                why=(
                    "At most 500.00 may be spent a day: 20.00 was charged today and 10.00 is held, "
                    "so 470.00 is left until 2026-03-01T16:00:00Z."
                ),
            ),
            conversion=None,
            why=(
                "156.00 INSPIRATION can be spent, out of 2 lots; 10.00 is set aside by 1 open "
                "hold; 56.00 expires within 48 hours."
            ),
        )
    ],
    upcoming=[
        UpcomingAnswer(
            at="2026-03-01T02:00:00.123456Z",
            within_48h=True,
            what="hold_expires",
            currency="INSPIRATION",
            amount="10.00",
            lot_id=None,
            hold_id=HOLD,
            order_id=None,
            why=(
                f"The hold {HOLD} ends unless it is captured, voided or extended before; what it "
                "set aside goes back to its lots."
            ),
        ),
        UpcomingAnswer(
            at="2026-03-01T16:00:00Z",
            within_48h=True,
            what="lot_expires",
            currency="INSPIRATION",
            amount="-66.00",
            lot_id=LOT,
            hold_id=None,
            order_id=None,
            why=f"66.00 INSPIRATION of lot {LOT} (daily) expires if it is not spent before.",
        ),
    ],
    upcoming_more=False,
    claims=[],
    claim_cny="0.00",
    payable_cny="0.00",
    why=[
        (
            "156.00 INSPIRATION can be spent, out of 2 lots; 10.00 is set aside by 1 open hold; "
            "56.00 expires within 48 hours."
        ),
        "Nothing keeps the wallet from spending what is available.",
    ],
)

OPERATIONS: Final = (
    Operation(
        id="explainWallet",
        method="GET",
        path="/v1/wallets/{wallet_id}/explanation",
        tag="Wallet",
        summary="Explain a wallet's balance",
        description=(
            "Every lot in the order of spending, with the rule that puts it before the next one, "
            "where it came from and which holds have set how much of it aside; what falls due "
            "when; limits and what is left of them; claims. The parts add up to the balance. Every "
            "`why` says it in words."
        ),
        run=explain_wallet,
        scopes=("wallet:read",),
        answers={200: WalletExplanation},
        example_answer=_EXAMPLE,
    ),
)
