"""Drafts: what can be proposed, as request bodies, as commands, and as answers."""

from typing import Annotated, Final, Literal, assert_never

from msgspec import UNSET, Meta, Struct, UnsetType

from ledger.access.proposal_rules import Draft, EraseWallet, Proposed
from ledger.contract.fields import (
    Amount,
    AmountFromZeroText,
    AmountText,
    CurrencyCode,
    Id,
    Moment,
    MomentIn,
    ReasonText,
    amount_from_zero,
    positive_amount,
    shown,
)
from ledger.contract.problems import ProblemError, problem
from ledger.contract.shared import (
    Body,
    Codes,
    Numbers,
    currency_number,
    given,
    moment,
    optional_instant,
)
from ledger.core.flows.adjustment import Adjust, Direction
from ledger.core.flows.closure import CloseWallet
from ledger.core.flows.transfer import PayOut
from ledger.core.money import format_amount
from ledger.core.rejections import Reason

VALID_FOR_MIN_S: Final = 60


VALID_FOR_MAX_S: Final = 7 * 24 * 3_600
"""For how long a proposal may wait for its decision."""


EvidenceText = Annotated[
    str,
    Meta(
        pattern=r"\A[^\x00-\x08\x0b-\x1f\x7f-\x9f]{1,2000}\Z",
        min_length=1,
        max_length=2_000,
        description=(
            "What shows that it is right: a link, the id of a ticket, or 1 to 2,000 characters of "
            "text; no control characters but tabs and line feeds"
        ),
    ),
]


ValidFor = Annotated[
    int,
    Meta(
        description="For how many seconds it waits for a decision",
        extra_json_schema={"minimum": VALID_FOR_MIN_S, "maximum": VALID_FOR_MAX_S},
    ),
]


class ProposalBody(Body, frozen=True, kw_only=True):
    """What every proposal has: a wallet, a reason, perhaps evidence, and an end."""

    wallet_id: Id
    reason: ReasonText
    evidence: EvidenceText | UnsetType = UNSET
    valid_for_s: ValidFor = 86_400


class AdjustmentBody(ProposalBody, frozen=True, kw_only=True):
    """A correction of a balance.

    A credit gives one free lot, `compensation` unless `source` says otherwise, which expires if
    `expires_at` says so. A debit takes in spending order or from the lot named alone, and passes
    paid value over unless `include_paid` is true.
    """

    direction: Direction
    currency: CurrencyCode
    amount: AmountText
    source: Literal["promotional", "compensation"] | UnsetType = UNSET
    expires_at: MomentIn | UnsetType = UNSET
    lot_id: Id | UnsetType = UNSET
    include_paid: bool | UnsetType = UNSET


class ProposedAdjustmentBody(
    AdjustmentBody, frozen=True, kw_only=True, tag_field="kind", tag="adjustment"
):
    """A correction of a balance, as one of the things that can be proposed."""


class ProposedCloseBody(
    ProposalBody, frozen=True, kw_only=True, tag_field="kind", tag="close_wallet"
):
    """The end of a wallet: what it still has must be said to be given up, one by one."""

    forfeit_balance: bool = False
    end_membership: bool = False
    write_off_claim: bool = False


class ProposedPayoutBody(ProposalBody, frozen=True, kw_only=True, tag_field="kind", tag="pay_out"):
    """Money paid to a wallet's owner, with the tax that was withheld of it."""

    amount_cny: AmountText
    tax_withheld_cny: AmountFromZeroText = "0"
    reference: Id | UnsetType = UNSET


class ProposedEraseBody(
    ProposalBody, frozen=True, kw_only=True, tag_field="kind", tag="erase_wallet"
):
    """The texts about a wallet deleted."""


AnyProposalBody = (
    ProposedAdjustmentBody | ProposedCloseBody | ProposedPayoutBody | ProposedEraseBody
)


class _CommandAnswer(Struct, frozen=True, kw_only=True, tag_field="kind"):
    pass


class ProposedAdjustmentAnswer(_CommandAnswer, frozen=True, kw_only=True, tag="adjustment"):
    """A correction: `source` and `expires_at` are a credit's, the other two a debit's."""

    direction: Direction
    currency: str
    amount: Amount
    source: Literal["promotional", "compensation"] | None
    expires_at: Moment | None
    lot_id: str | None
    include_paid: bool | None


class ProposedCloseAnswer(_CommandAnswer, frozen=True, kw_only=True, tag="close_wallet"):
    """A wallet's end, and what is given up with it."""

    forfeit_balance: bool
    end_membership: bool
    write_off_claim: bool


class ProposedPayoutAnswer(_CommandAnswer, frozen=True, kw_only=True, tag="pay_out"):
    """A payout to the wallet's owner."""

    amount_cny: Amount
    tax_withheld_cny: Amount
    reference: str | None


class ProposedEraseAnswer(_CommandAnswer, frozen=True, kw_only=True, tag="erase_wallet"):
    """The texts about the wallet deleted."""


CommandAnswer = (
    ProposedAdjustmentAnswer | ProposedCloseAnswer | ProposedPayoutAnswer | ProposedEraseAnswer
)


_OTHER_DIRECTION: Final = {"credit": ("lot_id", "include_paid"), "debit": ("source", "expires_at")}
"""The fields that mean nothing in a direction, and are refused there."""


def draft(body: AdjustmentBody | AnyProposalBody, numbers: Numbers) -> Draft:
    """What is proposed. Raises ProblemError for what is not well-formed or no currency."""
    valid_for_s = body.valid_for_s
    if not VALID_FOR_MIN_S <= valid_for_s <= VALID_FOR_MAX_S:
        detail = (
            f"valid_for_s was {shown(str(valid_for_s))}; it is between {VALID_FOR_MIN_S} and "
            f"{VALID_FOR_MAX_S} seconds"
        )
        raise ProblemError(problem(Reason.EXPIRY_OUT_OF_RANGE, detail, field="valid_for_s"))
    return Draft(_proposed(body, numbers), body.reason, given(body.evidence), valid_for_s)


def _proposed(body: AdjustmentBody | AnyProposalBody, numbers: Numbers) -> Proposed:
    wallet_id = body.wallet_id
    match body:
        case AdjustmentBody() | ProposedAdjustmentBody():
            return _adjust(body, numbers)
        case ProposedCloseBody():
            return CloseWallet(
                wallet_id,
                reason="",
                forfeit_balance=body.forfeit_balance,
                end_membership=body.end_membership,
                write_off_claim=body.write_off_claim,
            )
        case ProposedPayoutBody():
            return PayOut(
                wallet_id,
                amount_fen=positive_amount(body.amount_cny, "amount_cny"),
                withheld_fen=amount_from_zero(body.tax_withheld_cny, "tax_withheld_cny"),
                reference=given(body.reference),
            )
        case ProposedEraseBody():
            return EraseWallet(wallet_id)
        case _:
            assert_never(body)


def _adjust(body: AdjustmentBody, numbers: Numbers) -> Adjust:
    for name in _OTHER_DIRECTION[body.direction]:
        if not isinstance(getattr(body, name), UnsetType):
            detail = f"{name} means nothing in a {body.direction}. Leave it out."
            raise ProblemError(problem("malformed", detail, field=name))
    return Adjust(
        body.wallet_id,
        # The proposal itself keeps the people and the reason until it is carried out.
        proposal_id="",
        proposed_by="",
        approved_by="",
        reason="",
        direction=body.direction,
        currency=currency_number(body.currency, numbers),
        amount_minor=positive_amount(body.amount, "amount"),
        source="compensation" if isinstance(body.source, UnsetType) else body.source,
        expires_at=optional_instant(body.expires_at, "expires_at"),
        lot_id=given(body.lot_id),
        include_paid=body.include_paid is True,
    )


def render_proposed(command: Proposed, codes: Codes) -> CommandAnswer:
    """What was proposed, as callers see it."""
    match command:
        case Adjust(direction=direction):
            credit = direction == "credit"
            return ProposedAdjustmentAnswer(
                direction=direction,
                currency=codes[command.currency],
                amount=format_amount(command.amount_minor),
                source=command.source if credit else None,
                expires_at=moment(command.expires_at),
                lot_id=command.lot_id,
                include_paid=None if credit else command.include_paid,
            )
        case CloseWallet():
            return ProposedCloseAnswer(
                forfeit_balance=command.forfeit_balance,
                end_membership=command.end_membership,
                write_off_claim=command.write_off_claim,
            )
        case PayOut():
            return ProposedPayoutAnswer(
                amount_cny=format_amount(command.amount_fen),
                tax_withheld_cny=format_amount(command.withheld_fen),
                reference=command.reference,
            )
        case EraseWallet():
            return ProposedEraseAnswer()
        case _:
            assert_never(command)
