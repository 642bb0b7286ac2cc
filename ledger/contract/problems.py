"""Problems: every 4xx and 5xx as an RFC 9457 document, under one closed list of slugs."""

from typing import Any, Final, Literal

from msgspec import Struct

from ledger.contract.answer import Answer

TYPE_BASE: Final = "https://ledger.example/problems/"
"""A problem's `type` is this and its slug."""

Slug = Literal[
    "malformed",
    "unknown-currency",
    "unknown-sku",
    "unknown-plan",
    "unknown-channel",
    "unknown-promotion",
    "amount-out-of-range",
    "expiry-out-of-range",
    "transfer-to-self",
    "unauthenticated",
    "insufficient-funds",
    "forbidden",
    "approval-needed",
    "not-found",
    "method-not-allowed",
    "not-convertible",
    "not-transferable",
    "wallet-closed",
    "wallet-frozen",
    "claim-open",
    "stopped",
    "hold-exists",
    "hold-not-open",
    "order-not-payable",
    "order-not-refundable",
    "refund-not-open",
    "no-membership",
    "promotion-not-applicable",
    "upgrade-not-offered",
    "wallet-not-empty",
    "lot-exists",
    "capture-exceeds-hold",
    "refund-exceeds-charge",
    "refund-exceeds-order",
    "payout-exceeds-payable",
    "limit-exceeded",
    "proposal-not-open",
    "proposal-expired",
    "key-not-rotatable",
    "body-too-large",
    "unsupported-media-type",
    "idempotency-key-reused",
    "rate-limited",
    "internal-error",
    "busy",
    "database-unavailable",
    "outcome-unknown",
    "shutting-down",
    "wallet-quarantined",
    "not-ready",
]

KINDS: Final[dict[Slug, tuple[int, str]]] = {
    "malformed": (400, "The request is malformed"),
    "unknown-currency": (400, "There is no such currency"),
    "unknown-sku": (400, "There is no such SKU"),
    "unknown-plan": (400, "There is no such plan or period"),
    "unknown-channel": (400, "There is no such channel"),
    "unknown-promotion": (400, "There is no such promotion"),
    "amount-out-of-range": (400, "An amount is out of range"),
    "expiry-out-of-range": (400, "An expiry is out of range"),
    "transfer-to-self": (400, "A transfer goes to another wallet"),
    "unauthenticated": (401, "A valid API key is needed"),
    "insufficient-funds": (402, "There is too little available"),
    "forbidden": (403, "The caller may not do this"),
    "approval-needed": (403, "Another person must approve this"),
    "not-found": (404, "There is no such thing"),
    "method-not-allowed": (405, "The method is not allowed here"),
    "not-convertible": (409, "The conversion is not offered"),
    "not-transferable": (409, "The currency cannot be given away"),
    "wallet-closed": (409, "The wallet is closed"),
    "wallet-frozen": (409, "The wallet is frozen"),
    "claim-open": (409, "A claim must be paid first"),
    "stopped": (409, "Operators stopped this"),
    "hold-exists": (409, "The hold id is taken"),
    "hold-not-open": (409, "The hold is not open"),
    "order-not-payable": (409, "The order cannot be paid this way"),
    "order-not-refundable": (409, "The order was not paid"),
    "refund-not-open": (409, "The refund is settled"),
    "no-membership": (409, "There is no membership"),
    "promotion-not-applicable": (409, "The promotion does not apply"),
    "upgrade-not-offered": (409, "The upgrade is not offered"),
    "wallet-not-empty": (409, "The wallet is not empty"),
    "lot-exists": (409, "The lot id is taken"),
    "capture-exceeds-hold": (409, "A capture is at most what is held"),
    "refund-exceeds-charge": (409, "A refund is at most what is left of the charge"),
    "refund-exceeds-order": (409, "A refund is at most what is unspent of the order"),
    "payout-exceeds-payable": (409, "A payout is at most what is payable"),
    "limit-exceeded": (409, "A limit is reached"),
    "proposal-not-open": (409, "The proposal is decided"),
    "proposal-expired": (409, "The proposal has expired"),
    "key-not-rotatable": (409, "The key cannot be rotated"),
    "body-too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The content type is not supported"),
    "idempotency-key-reused": (422, "The idempotency key was used for another command"),
    "rate-limited": (429, "The caller sends too much"),
    "internal-error": (500, "Something is wrong on our side"),
    "busy": (503, "The service is busy"),
    "database-unavailable": (503, "The database is away"),
    "outcome-unknown": (503, "The outcome is not known"),
    "shutting-down": (503, "The service is shutting down"),
    "wallet-quarantined": (503, "The wallet is in quarantine"),
    "not-ready": (503, "The service is not ready"),
}
"""The status and title of every slug."""

Header = tuple[bytes, bytes]


class Problem(Struct, frozen=True):
    """One refusal: `detail` says what was asked, what is true, what to do; `facts` name it.

    `headers` are what HTTP says beside the document.
    """

    slug: Slug
    detail: str
    facts: dict[str, Any] = {}
    headers: tuple[Header, ...] = ()

    @property
    def status(self) -> int:
        """The HTTP status of its slug."""
        return KINDS[self.slug][0]

    def document(self) -> dict[str, Any]:
        """The problem details as they are sent."""
        status, title = KINDS[self.slug]
        return {
            "type": f"{TYPE_BASE}{self.slug}",
            "title": title,
            "status": status,
            "detail": self.detail,
            **self.facts,
        }

    def answer(self) -> Answer:
        """The answer that tells it."""
        return Answer(self.status, self)


class ProblemError(Exception):
    """A request that cannot even be put to the core; it carries its problem."""

    def __init__(self, told: Problem) -> None:
        super().__init__(told.slug, told.detail)
        self.problem = told


def problem(slug: Slug, detail: str, *headers: Header, **facts: object) -> Problem:
    """The problem of a slug, with its named fields."""
    return Problem(slug, detail, facts, headers)
