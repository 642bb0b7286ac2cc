"""The gRPC message of every request by its number, encoded by hand so that it costs little."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from ledger.cli.bench.jobs import COMMANDS, Job
from ledger.cli.bench.requests import key_of, wallet_of

_SERVICE: Final = "/ledger.v1.GenerationService/"
_PRICE: Final = b"\x22\x0bINSPIRATION\x2a\x040.01"
"""Fields 4 and 5 of a DebitRequest."""

_DONE: Final = b"\x08\xc9\x01"
"""Field 1 of a CommandResult that is 201."""


class Calls(Struct, frozen=True):
    """Which call is made, what is sent for a number, and how the response is judged."""

    path: str
    message_of: Callable[[int], bytes]
    refusal_in: Callable[[bytes], str | None]


def calls_of(job: Job) -> Calls:
    """The calls of a job."""
    if job.kind == "batch":
        return Calls(f"{_SERVICE}Batch", lambda number: _batch(job, number), _batch_refusal)
    return Calls(f"{_SERVICE}Debit", lambda number: _framed(_debit(job, number)), _debit_refusal)


def _debit(job: Job, number: int) -> bytes:
    """A DebitRequest; every length in it is below 128, so one byte."""
    key, wallet = key_of(job.run, number).encode(), wallet_of(job, number).encode()
    return b"\x12%c%b\x1a%c%b%b" % (len(key), key, len(wallet), wallet, _PRICE)


def _batch(job: Job, number: int) -> bytes:
    commands = []
    for debit_number in range(number * COMMANDS, (number + 1) * COMMANDS):
        debit = _debit(job, debit_number)
        commands.append(b"\x12%c\x0a%c%b" % (len(debit) + 2, len(debit), debit))
    return _framed(b"".join(commands))


def _framed(message: bytes) -> bytes:
    return b"\x00%b%b" % (len(message).to_bytes(4), message)


def _debit_refusal(response: bytes) -> str | None:
    return None if response else "refused"


def _batch_refusal(response: bytes) -> str | None:
    refused = COMMANDS - response.count(_DONE)
    return f"commands refused: {refused}" if refused > 0 else None
