"""The files of `ledger import`, read without a ledger: every fault in them is named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.catalog import load_catalogue
from ledger.cli.command_error import CommandError
from ledger.cli.importing.checking import Checked, check, find_files
from ledger.cli.importing.faults import Faults
from ledger.cli.importing.scratch import Scratch
from ledger.cli.importing.wallets import stream_openings
from ledger.cli.progress import Meter
from ledger.core.flows.opening import ImportOpening
from ledger.core.instants import Instant
from tests.commands.old_system import CLAIMS, HEADERS, LOTS, PAYABLES, export, export_small

NOW: Instant = 1_800_000_000_000_000
TERMS = load_catalogue().at(NOW)
LOT = LOTS[0]


def read(folder: Path, control: Path | None = None) -> tuple[Checked, list[ImportOpening]]:
    """What a folder's files come to, and the commands that they make."""
    with Scratch() as scratch, Meter(quiet=True) as meter:
        checked = check(find_files([folder]), control, TERMS, NOW, scratch, meter)
        return checked, list(stream_openings(scratch.stream(), TERMS.lots_max, Faults()))


def faults_of(folder: Path, control: Path | None = None) -> list[str]:
    """Every fault as it is told."""
    checked, _ = read(folder, control)
    assert checked.is_right == (not checked.faults and not checked.differences)
    return [str(fault) for fault in checked.faults]


def with_cell(column: str, text: str, row: str = LOT) -> str:
    """A lot with another text in one of its cells."""
    cells = row.split(",")
    cells[HEADERS["lots.csv"].split(",").index(column)] = text
    return ",".join(cells)


@pytest.mark.parametrize(
    ("column", "text", "wanted"),
    [
        ("wallet_id", "", "an id of 1 to 64 of A-Z a-z 0-9 _ . : -"),
        ("wallet_id", "w" * 65, "an id of"),
        ("wallet_id", "安", "an id of"),
        ("wallet_id", " ann", "an id of"),
        ("wallet_id", "an\0n", "an id of"),
        ("lot_id", "", "an id of"),
        ("lot_id", "A\t1", "an id of"),
        ("order_id", "#7", "an id of"),
        ("currency", "CNY", "one of INSPIRATION, KUAIBI"),
        ("currency", "inspiration", "one of INSPIRATION, KUAIBI"),
        ("source", "gift", "one of purchased, membership, daily, promotional, compensation"),
        ("paid", "true", "one of yes, no"),
        ("paid", "", "one of yes, no"),
        ("amount", "1e5", "an amount such as 10 or 0.25"),
        ("amount", "+5", "an amount such as"),
        ("amount", "-5", "an amount such as"),
        ("amount", "\uff15", "an amount such as"),
        ("amount", "1.234", "at most two places"),
        ("amount", "01", "an amount such as"),
        ("amount", "", "an amount such as"),
        ("amount", " 5", "an amount such as"),
        ("amount", "0", "an amount above 0; leave out the row"),
        ("amount", "10000000000000.01", "at most 10000000000000.00"),
        ("amount", "9" * 5_000, "an amount such as"),
        ("cost_cny", "", "an amount such as"),
        ("cost_cny", "NaN", "an amount such as"),
        ("vat_cny", "10.01", "the VAT inside cost_cny"),
        ("granted_at", "", "a time with its offset, such as 2026-11-30T08:00:00+08:00"),
        ("granted_at", "2024-01-01", "a time with its offset"),
        ("granted_at", "2024-01-01T00:00:00", "a time with its offset"),
        ("granted_at", "2024-02-30T00:00:00Z", "a time with its offset"),
        ("granted_at", "1700000000", "a time with its offset"),
        ("granted_at", "1969-12-31T23:59:59Z", "a time from 1970-01-01 to 9999-12-31"),
        ("granted_at", "2027-01-15T08:00:01Z", "a time that has come: it is 2027-01-15T08:00:00Z"),
        ("expires_at", "never", "a time with its offset"),
        ("expires_at", "9999-12-31T00:00:01Z", "a time from 1970-01-01 to 9999-12-31"),
        ("expires_at", "2024-01-01T00:00:00+08:00", "a time after granted_at"),
    ],
)
def test_a_cell_that_cannot_be_is_named(
    tmp_path: Path, column: str, text: str, wanted: str
) -> None:
    """With its file, line and column, what was found, shortened and escaped, and what is wanted."""
    (fault,) = faults_of(export(tmp_path, [LOT, with_cell(column, text)]))
    assert fault.startswith(f"lots.csv, line 3, {column}: found ")
    assert wanted in fault
    assert fault.isascii()
    assert fault.isprintable()
    assert len(fault) < 250


def test_a_cost_needs_a_payment(tmp_path: Path) -> None:
    """A lot that nobody paid for has neither cost nor VAT."""
    (fault,) = faults_of(export(tmp_path, [with_cell("paid", "no")]))
    assert fault == "lots.csv, line 2, cost_cny: found '10.00'; wanted 0 for a lot that is not paid"


def test_a_claim_is_above_zero_with_its_vat_inside(tmp_path: Path) -> None:
    """As in lots; a payable likewise."""
    claims = ["a,C1,INSPIRATION,0,0", "a,C2,INSPIRATION,1,1.01", "a,C3,GOLD,1,0"]
    listed = faults_of(export(tmp_path, None, claims, ["a,0.00", "b,-1"]))
    assert [fault.split(": ")[0] for fault in listed] == [
        "claims.csv, line 2, open_cny",
        "claims.csv, line 3, vat_cny",
        "claims.csv, line 4, currency",
        "payables.csv, line 2, payable_cny",
        "payables.csv, line 3, payable_cny",
    ]


HEADER = HEADERS["payables.csv"]


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        (b"", ["payables.csv, line 1: found an empty file; wanted the header"]),
        (b"\n", ["payables.csv, line 1, wallet_id: found no such column", "no such column"]),
        (b"ann,1\n", ["the column 'ann'", "the column '1'", "no such column", "no such column"]),
        (b"wallet_id;payable_cny\n", ["'wallet_id;payable_cny'", "no such", "no such"]),
        (
            b"wallet_id,payable_cny,note\nann,1,x\n",
            ["line 1: found the column 'note'; wanted"],
        ),
        (b"wallet_id,wallet_id,payable_cny\n", ["line 1, wallet_id: found the column more than"]),
        (b"wallet_id,Payable_cny\n", ["the column 'Payable_cny'", "payable_cny: found no such"]),
        (b"wallet_id\nann\n", ["line 1, payable_cny: found no such column"]),
        (b"wallet_id,payable_cny\n", ["payables.csv: found no row; wanted at least one"]),
        (b"wallet_id,payable_cny\n\n\r\n\n", ["found no row"]),
        (
            b"wallet_id,payable_cny\nann,1,2\n",
            ["line 2: found 3 cells; wanted 2 cells, as"],
        ),
        (b"wallet_id,payable_cny\nann\nbob,1\n", ["line 2: found 1 cells"]),
        (b'wallet_id,payable_cny\nann,"1\nbob,2"\n', ["line 2: found unexpected end", "line 3"]),
        (b'wallet_id,payable_cny\n"ann"x,1\n', ["line 2: found ',' expected after '\"'"]),
        (b'wallet_id,payable_cny\na"nn,1\n', ["line 2, wallet_id: found 'a\"nn'"]),
        (b"wallet_id,payable_cny\rann,1\rbob,2\r", ["line 1: found new-line character seen in"]),
        (
            b"wallet_id,payable_cny\nann\xff,1\n",
            ["line 2: found the byte 0xff; wanted text in UTF-8"],
        ),
        (b"\xff\xfew\0a\0", ["line 1: found the byte 0xff; wanted text in UTF-8"]),
        (b"wallet_id,payable_cny\na\0b,1\n", ["line 2, wallet_id: found 'a\\x00b'"]),
        (b"wallet_id,payable_cny\n" + b"\0" * 500, ["line 2: found 1 cells"]),
        (b"wallet_id,payable_cny\n\xef\xbb\xbfann,1\n", ["line 2, wallet_id: found '\\ufeffann'"]),
        (
            b"wallet_id,payable_cny\nann,1\n" + b"x" * 9_000_000 + b"\nbob,+1\n",
            ["line 3: found a longer line; wanted a row of at most 8192 bytes", "line 4, payable"],
        ),
        (b"wallet_id,payable_cny\n" + b"x" * 8_193, ["line 2: found a longer line"]),
        (b"x" * 100_000, ["line 1: found a longer line"]),
    ],
)
def test_what_is_no_table_is_told_line_by_line(
    tmp_path: Path, content: bytes, faults: list[str]
) -> None:
    """Nothing is guessed: wrong headers, quotes, bytes, widths and endless lines are faults."""
    (tmp_path / "payables.csv").write_bytes(content)
    listed = faults_of(tmp_path)
    assert len(listed) == len(faults), listed
    for fault, part in zip(listed, faults, strict=True):
        assert part in fault


def test_a_line_may_be_as_long_as_it_may_be(tmp_path: Path) -> None:
    """The line after one of the greatest length is read like any other."""
    row = b"ann,1" + b" " * (8_192 - 6) + b"\n"
    (tmp_path / "payables.csv").write_bytes(f"{HEADER}\n".encode() + row + b"bob,2\n")
    (fault,) = faults_of(tmp_path)
    assert fault.startswith("payables.csv, line 2, payable_cny: found '1   ")


def test_what_is_no_file_is_no_file(tmp_path: Path) -> None:
    """A folder, a pipe, nothing at all in the place of a file: told, and never waited for."""
    (tmp_path / "lots.csv").mkdir()
    export(tmp_path, None, None, PAYABLES)
    assert faults_of(tmp_path) == ["lots.csv: found no regular file; wanted a CSV file"]
    (tmp_path / "lots.csv").rmdir()
    assert faults_of(tmp_path, tmp_path) == [
        f"{tmp_path.name}: found no regular file; wanted a CSV file"
    ]
    with pytest.raises(CommandError, match="each file once"):
        find_files([tmp_path / "lots.csv", tmp_path / "other" / "lots.csv"])


def test_a_hundred_faults_are_enough(tmp_path: Path) -> None:
    """Those are told, from all files in turn; reading on would only take time."""
    bad = [f"w{number},0" for number in range(5_000)]
    checked, _ = read(export(tmp_path, ["x"] * 60, None, bad))
    assert len(checked.faults) == 100
    assert [fault.file for fault in checked.faults] == ["lots.csv"] * 60 + ["payables.csv"] * 40
    assert checked.rows["payables.csv"] < 100


def test_an_id_is_once_in_a_wallet(tmp_path: Path) -> None:
    """Wherever the rows stand; the earlier line is named. Another wallet may have the same id."""
    other = with_cell("wallet_id", "bob")
    folder = export(tmp_path, [LOT, other, *LOTS[1:], LOT], CLAIMS * 2, ["z,1", *PAYABLES, "z,2"])
    known = "wanted each once in a wallet; line 2 has it already"
    assert faults_of(folder) == [
        f"lots.csv, line 8, lot_id: found 'A1'; {known}",
        f"claims.csv, line 3, order_id: found 'C9'; {known}",
        f"payables.csv, line 5, wallet_id: found 'z'; {known}",
    ]


def test_a_wallet_has_no_more_lots_than_it_may(tmp_path: Path) -> None:
    """A thousand are read and make one command; one more is a fault, and is not kept."""
    lots = [with_cell("lot_id", f"L{number:05}") for number in range(3_000)]
    checked, (opening,) = read(export(tmp_path, lots[:1_000]))
    assert checked.is_right
    assert len(opening.lots) == 1_000
    checked, (opening,) = read(export(tmp_path, lots))
    (fault,) = map(str, checked.faults)
    assert fault.startswith("lots.csv, line 1002, wallet_id: found more of 'ann'; wanted at most 1")
    assert len(opening.lots) == 1_000


def test_rows_make_one_command_a_wallet(tmp_path: Path) -> None:
    """In the order of wallets, lots and claims, in which nothing of the files' order is left."""
    _, openings = read(export_small(tmp_path / "one"))
    assert [opening.wallet_id for opening in openings] == ["ann", "bob", "cyd"]
    assert [lot.lot_id for lot in openings[0].lots] == ["A1", "A2", "A3", "A4"]
    assert openings[1].payable_fen == 1_234
    again = read(export(tmp_path / "two", LOTS[::-1], CLAIMS[::-1], PAYABLES[::-1]))
    assert again[1] == openings


def test_files_are_named_by_what_is_in_them(tmp_path: Path) -> None:
    """The digest tells one byte, and in which file a row stands."""
    digests = {
        read(folder)[0].digest
        for folder in (
            export(tmp_path / "a", None, None, ["ann,1"]),
            export(tmp_path / "b", None, None, ["ann,2"]),
            export(tmp_path / "c", [], None, ["ann,1"]),
            export(tmp_path / "d", None, None, ["ann,1"]),
        )
    }
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("gold,1", "control.csv, line 2, name: found 'gold'; wanted one of wallets, lots"),
        ("lots,5\nlots,5", "control.csv, line 3, name: found 'lots'; wanted each total once"),
        ("lots,5.0", "control.csv, line 2, value: found '5.0'; wanted a whole number"),
        ("lots,-5", "control.csv, line 2, value: found '-5'; wanted a whole number"),
        ("cost_cny,1e3", "found '1e3'; wanted an amount such as 1234.50"),
        ("cost_cny,", "found ''; wanted an amount"),
        ("", "control.csv: found no total; wanted at least one"),
    ],
)
def test_control_totals_are_read_as_strictly(tmp_path: Path, rows: str, fault: str) -> None:
    """A total that nobody knows, or that is no number, checks nothing: it is a fault."""
    control = tmp_path / "control.csv"
    control.write_text(f"name,value\n{rows}\n")
    (listed,) = faults_of(export_small(tmp_path / "in"), control)
    assert fault in listed


RECORDS = st.lists(st.binary(max_size=8).map(lambda line: line.replace(b"\n", b"")), max_size=60)


@given(RECORDS, st.integers(1, 40), st.integers(1, 4))
def test_scratch_sorts_more_than_it_holds(records: list[bytes], size: int, runs: int) -> None:
    """All that was put in, in order, as often as it is asked for; however it was put aside."""
    with Scratch(run_bytes=size, runs_max=runs) as scratch:
        for record in records:
            scratch.add(record)
        assert list(scratch.stream()) == sorted(records)
        assert list(scratch.stream()) == sorted(records)


def test_scratch_leaves_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Balances of everybody lie under TMPDIR, where nobody finds them, also after a kill."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Scratch(run_bytes=1) as scratch:
        for number in range(5):
            scratch.add(b"%d" % number)
        assert len(list(scratch.stream())) == 5
        assert not list(tmp_path.iterdir())
