"""Pages: keyset cursors that say where a list goes on, opaque to callers."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from msgspec import Meta, UnsetType

from ledger.contract.problems import ProblemError, problem

T = TypeVar("T")
K = TypeVar("K", bound=tuple[object, ...])

LIMIT_MAX: Final = 1_000

Limit = Annotated[int, Meta(ge=1, le=LIMIT_MAX, description="How many items a page has at most")]
Cursor = Annotated[
    str, Meta(max_length=512, description="Go on after a page: the `next` of its answer")
]


class Keyset(Generic[K]):
    """The order of one list, by a key that no two items share and that never changes."""

    def __init__(self, kind: type[K]) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def cursor(self, key: K) -> str:
        """The cursor that goes on after an item."""
        return urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")

    def key(self, cursor: str) -> K:
        """The key of a cursor. Raises ProblemError `malformed` if it is none of ours."""
        try:
            return self._decoder.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        except (ValueError, msgspec.DecodeError):
            detail = "after is no cursor of this list; take it from the `next` of a page."
            raise ProblemError(problem("malformed", detail, field="after")) from None

    def page(
        self, items: Iterable[T], rank: Callable[[T], K], limit: int, after: str | UnsetType
    ) -> tuple[list[T], str | None]:
        """The items after a cursor, at most `limit`, and the cursor of the next page if any."""
        ranked = sorted(items, key=rank)
        if not isinstance(after, UnsetType):
            last = self.key(after)
            ranked = [item for item in ranked if rank(item) > last]
        page = ranked[:limit]
        return page, self.cursor(rank(page[-1])) if len(ranked) > limit else None
