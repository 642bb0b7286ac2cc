"""Problems: every 4xx and 5xx as an RFC 9457 document; a refusal as the problem of its reason."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final, Literal

from msgspec import Struct

from ledger.contract.refusals import REFUSALS, detail_of, public_name, slug_of
from ledger.contract.response import Response
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.rejections import Fact, Reason, Rejection
from ledger.engine import Unavailable

TYPE_BASE: Final = "https://ledger.example/problems/"
"""A problem's `type` is this and its slug."""

Slug = Literal[
    "malformed",
    "unauthenticated",
    "forbidden",
    "approval-needed",
    "not-found",
    "method-not-allowed",
    "body-too-large",
    "unsupported-media-type",
    "rate-limited",
    "internal-error",
    "busy",
    "database-unavailable",
    "outcome-unknown",
    "shutting-down",
    "wallet-quarantined",
    "not-ready",
]
"""The problems that no rule of the ledger has: of the request, the caller, the service."""

KINDS: Final[Mapping[str, tuple[int, str]]] = {
    "malformed": (400, "The request is malformed"),
    "unauthenticated": (401, "A valid API key is needed"),
    "forbidden": (403, "The caller may not do this"),
    "approval-needed": (403, "Another person must approve this"),
    "not-found": (404, "There is no such thing"),
    "method-not-allowed": (405, "The method is not allowed here"),
    "body-too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The content type is not supported"),
    "rate-limited": (429, "The caller sends too much"),
    "internal-error": (500, "Something is wrong on our side"),
    "busy": (503, "The service is busy"),
    "database-unavailable": (503, "The database is away"),
    "outcome-unknown": (503, "The outcome is not known"),
    "shutting-down": (503, "The service is shutting down"),
    "wallet-quarantined": (503, "The wallet is in quarantine"),
    "not-ready": (503, "The service is not ready"),
    **{
        slug_of(reason): (words.status, words.title)
        for reason, words in REFUSALS.items()
        if not words.slug
    },
}
"""The status and title of every slug."""

Header = tuple[bytes, bytes]


class Problem(Struct, frozen=True):
    """One refusal: `detail` says what was asked, what is true, what to do; `facts` name it.

    `headers` are what HTTP says beside the document.
    """

    slug: str
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

    def response(self) -> Response:
        """The response whose body it is."""
        return Response(self.status, self)


class ProblemError(Exception):
    """A request that is refused before the core decides it; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.slug, problem.detail)
        self.problem = problem


def problem(slug: Slug | Reason, detail: str, /, *headers: Header, **facts: object) -> Problem:
    """The problem of a slug, or of a reason in other words than its own; with its named fields."""
    name = slug_of(slug) if isinstance(slug, Reason) else slug
    return Problem(name, detail, facts, headers)


_INSTANTS: Final = frozenset({"expires_at", "now", "closed_at", "since", "until"})
_CURRENCIES: Final = frozenset({"currency", "to_currency"})


def problem_of(rejection: Rejection, codes: Mapping[int, str]) -> Problem:
    """The problem that a refusal is answered with; `codes` are currency codes by number."""
    reason = rejection.reason
    slug, unlisted = slug_of(reason), REFUSALS[reason].unlisted
    facts = {
        public_name(name): _public_value(name, value, codes)
        for name, value in rejection.facts.items()
    }
    words = detail_of(reason, rejection.facts)
    detail = words.format_map(defaultdict(lambda: "unknown", facts))
    listed = {
        name: value for name, value in (_what(reason) | facts).items() if name not in unlisted
    }
    return Problem(slug, detail, listed)


def _public_value(name: str, value: Fact, codes: Mapping[int, str]) -> Fact:
    if isinstance(value, str):
        return public_name(value) if name == "field" else value
    if value is None:
        return None
    if name.endswith(("_minor", "_fen")):
        return format_amount(value)
    if name in _INSTANTS:
        return format_instant(value)
    return codes[value] if name in _CURRENCIES else value


def _what(reason: Reason) -> dict[str, Fact]:
    kind, suffix, _ = reason.partition("-not-found")
    return {"what": kind} if suffix else {}


_MESSAGE_MAX: Final = 300
_PLACE: Final = re.compile(r" - at `\$\.?(.*)`\Z", re.DOTALL)
_INDEX: Final = re.compile(r"commands\[(\d+)\]\.?")


def malformed_from(message: str, *, see: str) -> Problem:
    """The problem of a decoder's message; `see` is where the right shape is to be found."""
    place = _PLACE.search(message)
    field = place[1] if place else ""
    facts: dict[str, object] = {}
    index = _INDEX.match(field)
    if index:
        facts["index"] = int(index[1])
        field = field[index.end() :]
    if field:
        facts["field"] = field
    if len(message) > _MESSAGE_MAX:
        message = f"{message[:_MESSAGE_MAX]}…"
    return problem("malformed", f"{message}. See {see}.", **facts)


_OUTAGES: Final = {
    "busy": "More commands wait than the service takes on. Nothing was done.",
    "database-unavailable": "The database cannot be reached. Nothing was done.",
    "outcome-unknown": "The connection was lost while committing: it may or may not be done.",
    "shutting-down": "The service is shutting down. Nothing was done.",
    "wallet-quarantined": (
        "What has fallen due in this wallet cannot be recorded, so the wallet is in quarantine; "
        "operators see it in log and metrics. Nothing was done."
    ),
}


def unavailable_problem(away: Unavailable) -> Problem:
    """The problem of a service that cannot answer now."""
    again = (b"retry-after", b"%d" % away.retry_after_s)
    detail = f"{_OUTAGES[away.reason]} Send the same request again, under the same key."
    return problem(away.reason, detail, again, retry_after_s=away.retry_after_s)


def internal_error_problem(request_id: str) -> Problem:
    """The problem of a bug: it names the request in the log, and tells nothing of it."""
    detail = (
        "This is our mistake, and it is logged under error_id. The same request under the same key "
        "is safe to send again."
    )
    return problem("internal-error", detail, error_id=request_id)
