"""What becomes of a call that gave no result: nobody answered, or the ledger refused."""

from typing import Any

from ledger.client.transport import Request


class LedgerError(Exception):
    """Anything that this client raises about a call to the ledger."""

    request_id: str | None = None
    """The id of the request that it is about, as the ledger's own log has it."""


class NoAnswer(LedgerError):  # noqa: N818 - named for what happened
    """No answer came, however often the call was sent.

    `operation` is the call's name, `idempotency_key` what it was sent under (None where a call
    takes none), `attempts` how often it was sent. What happened last is the `__cause__`.
    """

    def __init__(self, text: str, request: Request, attempts: int) -> None:
        super().__init__(text)
        self.request = request
        self.attempts = attempts
        self.request_id = request.request_id

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle it by its own arguments; `resolve` needs the error itself, a new call the key."""
        return type(self), (str(self), self.request, self.attempts)

    @property
    def operation(self) -> str:
        """The call's name in the contract."""
        return self.request.operation.name

    @property
    def idempotency_key(self) -> str | None:
        """What it was sent under: send the same call under it again to learn what became of it."""
        return self.request.key


class Unavailable(NoAnswer):
    """The ledger could not be reached or is busy. Nothing was done."""


class OutcomeUnknown(NoAnswer):
    """An attempt may have been carried out, and its answer was lost.

    It is done once or not at all: hand this error to `client.resolve`, or make the same call with
    the same `idempotency_key`, as often as it takes, from any process. Never use a new key.
    """

    decode: Any = None
    """Makes the call's result of a reply, for `client.resolve`."""


class UnexpectedAnswer(LedgerError):  # noqa: N818 - named for what came
    """The ledger did what it was asked, but its answer has another shape than this client knows."""


class FeedGap(LedgerError):  # noqa: N818 - named for what is wrong
    """The event feed left something out: seq `received` came where `expected` should have come."""

    def __init__(
        self, shard: int, expected: int, received: int, request_id: str | None = None
    ) -> None:
        super().__init__(
            f"After seq {expected - 1} of shard {shard} came {received}. Go on from {expected - 1} "
            "again; if it happens again, the log or what is between us and it is damaged."
        )
        self.request_id = request_id
        self.shard, self.expected, self.received = shard, expected, received

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle it by its own arguments."""
        return type(self), (self.shard, self.expected, self.received, self.request_id)


class FeedRewound(LedgerError):  # noqa: N818 - named for what happened
    """The log ends at `head`, before the seq `after_seq` that was to be gone on from.

    The ledger was restored to an earlier moment, or this is another ledger: what was read after
    `head` is not in it, and other events will have those seqs.
    """

    def __init__(
        self, shard: int, after_seq: int, head: int, request_id: str | None = None
    ) -> None:
        super().__init__(
            f"Shard {shard} was to be read after seq {after_seq}, but its log ends at {head}: the "
            "ledger was restored to an earlier moment, or it is another one. Undo what was made "
            f"of the events after {head}, then go on from there."
        )
        self.request_id = request_id
        self.shard, self.after_seq, self.head = shard, after_seq, head

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle it by its own arguments."""
        return type(self), (self.shard, self.after_seq, self.head, self.request_id)
