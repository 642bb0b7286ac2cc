"""Bodies of proposals and of the decisions on them."""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from ledger.contract.fields import (
    AmountFromZeroText,
    AmountText,
    CurrencyCode,
    Id,
    MomentIn,
    ReasonText,
)
from ledger.contract.shared import Body
from ledger.core.flows.adjustment import Direction

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


class DecisionBody(Body, frozen=True):
    """Why it is decided so, if there is anything to say."""

    reason: ReasonText | UnsetType = UNSET
