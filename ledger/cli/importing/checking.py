"""Checks an import: all files are read, sorted and added up before anything is written."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from ledger.cli.command_error import CommandError
from ledger.cli.importing.faults import Fault, Faults
from ledger.cli.importing.lines import stream_rows
from ledger.cli.importing.rows import FILES, tables_for
from ledger.cli.importing.scratch import Scratch
from ledger.cli.importing.totals import Difference, Totals, differences, read_control
from ledger.cli.importing.wallets import record_of, stream_openings
from ledger.cli.progress import Meter
from ledger.core.flows import opening
from ledger.core.instants import Instant
from ledger.core.rejections import Rejection
from ledger.core.terms import Stamp, Terms
from ledger.core.wallet import Wallet


class Checked(Struct, frozen=True):
    """What the files have: a digest of them, rows by file, totals, and everything wrong."""

    digest: str
    rows: dict[str, int]
    wallets: int
    totals: Totals
    faults: list[Fault]
    differences: list[Difference]

    @property
    def is_right(self) -> bool:
        """Whether nothing stands in the way of importing them."""
        return not self.faults and not self.differences


def find_files(paths: Sequence[Path]) -> dict[str, Path]:
    """The files to import by name, out of one folder or named one by one."""
    if len(paths) == 1 and paths[0].is_dir():
        files = {name: paths[0] / name for name in FILES if (paths[0] / name).exists()}
        if not files:
            raise CommandError(f"{paths[0]} has none of {', '.join(FILES)}")
        return files
    files = {path.name: path for path in paths}
    unknown = sorted(set(files) - set(FILES))
    if unknown or len(files) < len(paths) or not files:
        raise CommandError(
            f"name a folder, or each file once: {', '.join(FILES)}"
            + (f"; there is no use for {', '.join(unknown)}" if unknown else "")
        )
    return {name: files[name] for name in FILES if name in files}


def check(
    files: Mapping[str, Path],
    control: Path | None,
    terms: Terms,
    now: Instant,
    scratch: Scratch,
    meter: Meter,
) -> Checked:
    """Read everything into `scratch`; what is wrong with it comes with it."""
    faults = Faults()
    digest = sha256()

    def count_bytes(raw: bytes) -> None:
        digest.update(raw)
        meter.advance(len(raw))

    tables = tables_for(terms, now)
    rows = dict.fromkeys(files, 0)
    meter.begin("reading", sum(path.stat().st_size for path in files.values() if path.is_file()))
    for name, path in files.items():
        columns = tuple(tables[name].columns)
        for line, cells in stream_rows(path, columns, faults, count_bytes):
            rows[name] += 1
            row = tables[name].read(line, cells, faults)
            if row is not None:
                wallet_id, row_id, value = row
                scratch.add(record_of(wallet_id, name, row_id, line, value))
    if not (faults.kept or any(rows.values())):
        faults.add(Fault(", ".join(files), None, None, "no row", "at least one"))
    meter.begin("checking", sum(rows.values()))
    totals, wallets = _totals(scratch, terms, faults, meter)
    texts = totals.texts()
    wanted = read_control(control, texts, faults) if control is not None else {}
    differing = differences(wanted, texts) if not faults.kept else []
    return Checked(digest.hexdigest()[:32], rows, wallets, totals, faults.kept, differing)


def _totals(scratch: Scratch, terms: Terms, faults: Faults, meter: Meter) -> tuple[Totals, int]:
    """What each wallet would get if it had nothing yet, added up; and how many wallets."""
    totals = Totals(terms)
    wallets = 0
    # Long ago no lot had expired: what time and a wallet's own state refuse is its own matter.
    now = Stamp(at=0, shard=0, seq=1, fresh_id="")
    for command in stream_openings(scratch.stream(), terms.lots_max, faults):
        decision = opening.decide(Wallet(command.wallet_id), command, terms, now)
        assert not isinstance(decision, Rejection), decision
        totals.add(decision[0])
        wallets += 1
        meter.advance(len(command.lots) + len(command.claims) + (command.payable_fen > 0))
    return totals, wallets
