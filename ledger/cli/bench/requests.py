"""The bytes of every HTTP request of a job by its number, and whether an answer is right."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from ledger.cli.bench.jobs import COMMANDS, WALLET, Job

_MIX: Final = 2_654_435_761
"""Knuth's multiplier: consecutive numbers scatter over the wallets, the same on every run."""

_DEBIT: Final = b'{"currency":"INSPIRATION","amount":"0.01"}'
_OK: Final = b'{"status":201,'


class Requests(Struct, frozen=True):
    """What is sent for a number, in `steps` one after the other, and how an answer is judged."""

    steps: int
    bytes_of: Callable[[int, int], bytes]
    refusal_in: Callable[[bytes, int], str | None]


def requests_of(job: Job) -> Requests:
    """The requests of a job."""
    head = b"Host: 127.0.0.1\r\nAuthorization: Bearer %s\r\n" % job.key.encode()
    head += b"Content-Type: application/json\r\n"
    match job.kind:
        case "debit":
            return Requests(1, _debits(job, head), _expecting(b"201"))
        case "hold":
            return Requests(2, _holds(job, head), _expecting(b"201", b"200"))
        case "batch":
            return Requests(1, _batches(job, head), _batch_refusal)


def key_of(run: int, number: int) -> str:
    """An idempotency key as callers should make them, a UUIDv7: time first, then the number."""
    at = run + number // 4_096
    return f"{at >> 16:08x}-{at & 0xFFFF:04x}-7{number & 0xFFF:03x}-8000-{number:012x}"


def wallet_of(job: Job, number: int) -> str:
    """The wallet of a request."""
    return WALLET % ((number * _MIX + job.run) % 4_294_967_296 % job.wallets)


def _post(path: str, head: bytes, key: str, body: bytes) -> bytes:
    return b"POST %s HTTP/1.1\r\n%sIdempotency-Key: %s\r\nContent-Length: %d\r\n\r\n%s" % (
        path.encode(),
        head,
        key.encode(),
        len(body),
        body,
    )


def _debits(job: Job, head: bytes) -> Callable[[int, int], bytes]:
    def debit(number: int, _: int) -> bytes:
        path = f"/v1/wallets/{wallet_of(job, number)}/debits"
        return _post(path, head, key_of(job.run, number), _DEBIT)

    return debit


def _holds(job: Job, head: bytes) -> Callable[[int, int], bytes]:
    def step_of(number: int, step: int) -> bytes:
        path = f"/v1/wallets/{wallet_of(job, number)}/holds"
        hold_id, key = f"{job.run}-{number}", key_of(job.run, 2 * number + step)
        if step:
            return _post(f"{path}/{hold_id}/capture", head, key, b"{}")
        body = f'{{"currency":"INSPIRATION","amount":"0.01","hold_id":"{hold_id}"}}'
        return _post(path, head, key, body.encode())

    return step_of


def _batches(job: Job, head: bytes) -> Callable[[int, int], bytes]:
    def batch(batch_number: int, _: int) -> bytes:
        commands = ",".join(
            f'{{"kind":"debit","idempotency_key":"{key_of(job.run, number)}",'
            f'"wallet_id":"{wallet_of(job, number)}","currency":"INSPIRATION","amount":"0.01"}}'
            for number in range(batch_number * COMMANDS, (batch_number + 1) * COMMANDS)
        )
        body = f'{{"commands":[{commands}]}}'.encode()
        return _post("/v1/batch", head, key_of(job.run, batch_number), body)

    return batch


def _expecting(*statuses: bytes) -> Callable[[bytes, int], str | None]:
    def refusal(answer: bytes, step: int) -> str | None:
        # The status follows "HTTP/1.1 ".
        status = answer[9:12]
        return None if status == statuses[step] else status.decode("latin-1")

    return refusal


def _batch_refusal(answer: bytes, _: int) -> str | None:
    """A batch is right when all of its commands are; what each was answered is not taken apart."""
    status = answer[9:12]
    if status != b"200":
        return status.decode("latin-1")
    refused = COMMANDS - answer.count(_OK)
    return f"commands refused: {refused}" if refused else None
