"""Refusals: the ledger answered that it did nothing, and why; a class for each reason."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final

from ledger.client.errors import LedgerError
from ledger.client.transport import Reply


class Refused(LedgerError):  # noqa: N818 - named for what happened
    """The ledger refused, and nothing was done.

    `slug` names the refusal, `detail` says to people what was asked, what is true and what to do,
    `facts` are its named fields as they were sent. A refusal that depends on the wallet's state is
    remembered under the key: once the state has changed, make the call under a new one. Slugs that
    this client does not know come as plain `Refused`; where something before the ledger refused,
    the slug is empty.
    """

    SLUG: ClassVar[str] = ""

    def __init__(self, slug: str, status: int, detail: str, facts: Mapping[str, Any]) -> None:
        super().__init__(f"{slug}: {detail}")
        self.slug, self.status, self.detail, self.facts = slug, status, detail, facts

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle it by its own arguments, so that it can go from process to process."""
        arguments = self.slug, self.status, self.detail, dict(self.facts)
        return type(self), arguments, {"request_id": self.request_id}

    def _text(self, name: str) -> str:
        return str(self.facts.get(name, ""))

    def _amount(self, name: str) -> Decimal | None:
        value = self.facts.get(name)
        return Decimal(value) if isinstance(value, str) else None


class Malformed(Refused):
    """The request itself is wrong, whatever the wallet holds; `field` says where, if one is."""

    SLUG = "malformed"

    @property
    def field(self) -> str | None:
        """The field that is wrong."""
        field = self.facts.get("field")
        return field if isinstance(field, str) else None


class UnknownCurrency(Malformed):
    """The catalogue has no such currency."""

    SLUG = "unknown-currency"


class UnknownSku(Malformed):
    """The catalogue has no such SKU."""

    SLUG = "unknown-sku"


class AmountOutOfRange(Malformed):
    """An amount is zero, or more than anyone may name."""

    SLUG = "amount-out-of-range"


class Unauthenticated(Refused):
    """There is no valid API key: none was sent, or it was revoked or has expired."""

    SLUG = "unauthenticated"


class Forbidden(Refused):
    """The caller has not the scope that this call needs."""

    SLUG = "forbidden"


class ApprovalNeeded(Forbidden):
    """A person may not do this alone: propose it, and have another person approve it."""

    SLUG = "approval-needed"


class InsufficientFunds(Refused):
    """Less is available than was asked for."""

    SLUG = "insufficient-funds"

    @property
    def available(self) -> Decimal:
        """What is available; of what was paid for, where only that counts."""
        return self._amount("available") or Decimal(0)

    @property
    def amount(self) -> Decimal | None:
        """What was asked for."""
        return self._amount("amount")

    @property
    def currency(self) -> str:
        """Of which currency."""
        return self._text("currency")


class NotFound(Refused):
    """There is no such hold, charge, transfer, order or refund: `what`."""

    SLUG = "not-found"

    @property
    def what(self) -> str:
        """What kind of thing there is not."""
        return self._text("what")


class HoldNotOpen(Refused):
    """The hold was captured or voided, or it has expired: `hold_status`."""

    SLUG = "hold-not-open"

    @property
    def hold_status(self) -> str:
        """What became of it: captured, voided or expired."""
        return self._text("hold_status")


class HoldExists(Refused):
    """The wallet has, or had, a hold of that id."""

    SLUG = "hold-exists"


class CaptureExceedsHold(Refused):
    """A capture takes at most what is held. The hold stays open."""

    SLUG = "capture-exceeds-hold"


class RefundExceedsCharge(Refused):
    """A refund gives back at most `refundable`, what is left of the charge."""

    SLUG = "refund-exceeds-charge"

    @property
    def refundable(self) -> Decimal | None:
        """What is not yet refunded."""
        return self._amount("refundable")


class IdempotencyKeyReused(Refused):
    """The key was first used for a command that differs in `field`. Nothing was done now."""

    SLUG = "idempotency-key-reused"

    @property
    def field(self) -> str:
        """The field that differs."""
        return self._text("field")


class LimitExceeded(Refused):
    """A limit of the wallet, the caller or the house is reached: `limit` says which."""

    SLUG = "limit-exceeded"

    @property
    def limit(self) -> str:
        """Which limit."""
        return self._text("limit")


class WalletFrozen(Refused):
    """Nothing is spent from this wallet until it is unfrozen."""

    SLUG = "wallet-frozen"


class WalletClosed(Refused):
    """The wallet was closed for good."""

    SLUG = "wallet-closed"


class ClaimOpen(Refused):
    """The owner owes money for points whose payment was taken back, and must repay it first."""

    SLUG = "claim-open"


class Stopped(Refused):
    """Operators stopped this channel, SKU or caller for now."""

    SLUG = "stopped"


class OrderNotPayable(Refused):
    """The order is not pending any more."""

    SLUG = "order-not-payable"


class RefundExceedsOrder(Refused):
    """A refund gives back at most what is unspent of the order."""

    SLUG = "refund-exceeds-order"


class NoMembership(Refused):
    """The wallet has no membership."""

    SLUG = "no-membership"


class RateLimited(Refused):
    """The caller asks more often than it may. Nothing was done."""

    SLUG = "rate-limited"

    @property
    def retry_after_s(self) -> float:
        """How long to wait, in seconds."""
        try:
            return float(self.facts.get("retry_after_s", 1))
        except (TypeError, ValueError):
            return 1.0


def _with_subclasses(of: type[Refused]) -> list[type[Refused]]:
    return [
        of,
        *(deeper for subclass in of.__subclasses__() for deeper in _with_subclasses(subclass)),
    ]


KINDS: Final[Mapping[str, type[Refused]]] = {
    kind.SLUG: kind for kind in _with_subclasses(Refused) if kind.SLUG
}
"""The class of every slug that has one of its own."""

_BY_STATUS: Final[Mapping[int, type[Refused]]] = {
    400: Malformed,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    429: RateLimited,
}


def refusal_of(reply: Reply) -> Refused:
    """The refusal in an answer of 4xx or 5xx (RFC 9457 problem details)."""
    document: dict[str, Any] = reply.body if isinstance(reply.body, dict) else {}
    # Another type than the ledger's own is that of something before it.
    _, is_ledgers, slug = str(document.get("type", "")).rpartition("/problems/")
    slug = slug if is_ledgers else ""
    detail = str(document.get("detail", "")) or f"The answer was {reply.status}, without a reason."
    standard = {"type", "title", "status", "detail"}
    facts = {name: value for name, value in document.items() if name not in standard}
    if reply.retry_after_s is not None:
        facts.setdefault("retry_after_s", reply.retry_after_s)
    kind = KINDS.get(slug) or _BY_STATUS.get(reply.status, Refused)
    refused = kind(slug, reply.status, detail, facts)
    refused.request_id = reply.request_id
    return refused
