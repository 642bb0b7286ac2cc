"""Puts rows in order by wallet, and makes one opening command of each wallet's rows."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

import msgspec

from ledger.cli.importing.faults import Fault, Faults, shown
from ledger.cli.importing.rows import CLAIMS, FILES, LOTS, PAYABLES, Value
from ledger.core.flows.opening import ImportOpening, OpeningClaim, OpeningLot

_SEPARATOR: Final = b"\0"
"""No id has it, and it sorts before everything that an id may have."""

_NAMED_BY: Final = {LOTS: "lot_id", CLAIMS: "order_id", PAYABLES: "wallet_id"}

_encode: Final = msgspec.json.Encoder().encode
_lot: Final = msgspec.json.Decoder(OpeningLot).decode
_claim: Final = msgspec.json.Decoder(OpeningClaim).decode
_fen: Final = msgspec.json.Decoder(int).decode


def record_of(wallet_id: str, file: str, name: str, line: int, value: Value) -> bytes:
    """A row as bytes that sort by wallet, file, id and line."""
    kind = FILES.index(file)
    return f"{wallet_id}\0{kind}\0{name}\0{line:012}\0".encode() + _encode(value)


def stream_openings(
    records: Iterable[bytes], rows_max: int, faults: Faults
) -> Iterator[ImportOpening]:
    """One command a wallet, by wallet id, out of records in their order; lots and claims by id.

    So the order of rows in the files makes no difference. The same id twice is a fault, and so
    are more lots or claims of a wallet than `rows_max`: those beyond are not kept.
    """
    for wallet, group in groupby(records, lambda record: record.split(_SEPARATOR, 1)[0]):
        yield _opening(wallet.decode(), group, rows_max, faults)


def _opening(
    wallet_id: str, records: Iterable[bytes], rows_max: int, faults: Faults
) -> ImportOpening:
    lots: list[OpeningLot] = []
    claims: list[OpeningClaim] = []
    payable_fen = 0
    counts: Counter[str] = Counter()
    last, last_line = ("", b""), 0
    for record in records:
        _, kind, name, number, payload = record.split(_SEPARATOR, 4)
        file, line = FILES[int(kind)], int(number)
        if (file, name) == last:
            _add_twice(faults, file, line, name.decode() or wallet_id, last_line)
            continue
        last, last_line = (file, name), line
        counts[file] += 1
        if counts[file] > rows_max:
            if counts[file] == rows_max + 1:
                _add_too_many(faults, file, line, wallet_id, rows_max)
        elif file == LOTS:
            lots.append(_lot(payload))
        elif file == CLAIMS:
            claims.append(_claim(payload))
        else:
            payable_fen = _fen(payload)
    return ImportOpening(wallet_id, tuple(lots), tuple(claims), payable_fen)


def _add_twice(faults: Faults, file: str, line: int, name: str, line_before: int) -> None:
    wanted = f"each once in a wallet; line {line_before} has it already"
    faults.add(Fault(file, line, _NAMED_BY[file], shown(name), wanted))


def _add_too_many(faults: Faults, file: str, line: int, wallet_id: str, most: int) -> None:
    wanted = f"at most {most} rows of one wallet"
    faults.add(Fault(file, line, "wallet_id", f"more of {shown(wallet_id)}", wanted))
