"""Layout and sheets by themselves: nothing is cut, nothing is too wide, nothing is a formula."""

import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from rich.cells import cell_len
from rich.console import Console, RenderableType

from ledger.cli.admin.bulk.sheets import digest_of, guarded, read_sheet, rows_of
from ledger.cli.command_error import CommandError
from ledger.cli.screen import Column, Screen, rendered
from ledger.cli.texts import NOTHING, in_both_zones, moment, visible, yuan

words = some.text(alphabet="ab-1 灵感值é", min_size=1, max_size=70).filter(
    lambda text: text != NOTHING  # which is left out where rows are shown one by one
)
heads = some.builds(
    Column, some.text("xyz", min_size=1, max_size=9), right=some.booleans(), long=some.booleans()
)


def ink(text: str) -> list[str]:
    """What a text has besides spaces, rules and the counting of records."""
    return sorted(re.sub(r"[\s-]|^\d+ of \d+ ─*$|─", "", text, flags=re.MULTILINE))


def printed(parts: list[RenderableType], width: int) -> list[str]:
    """What rich draws, line by line."""
    console = Console(width=width, file=io.StringIO(), markup=False, highlight=False, emoji=False)
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    return captured.get().splitlines()


@given(some.data(), some.integers(40, 120))
def test_a_table_fits_and_nothing_of_it_is_lost(data: some.DataObject, width: int) -> None:
    """Whatever is in the cells: no line is wider than the window, and every sign is there."""
    columns = data.draw(some.lists(heads, min_size=1, max_size=5))
    row = some.tuples(*(words.map(lambda text: (text,)) for _ in columns))
    rows = data.draw(some.lists(row, min_size=1, max_size=4))
    texts = "".join(text for row in rows for (text,) in row)
    names = "".join(column.name for column in columns)
    lines = printed(rendered(columns, rows, width, plain=False), width)
    assert all(cell_len(line) <= width for line in lines)
    shown = "\n".join(lines)
    times = shown.count(" of ") or 1
    assert ink(shown) == ink(texts + names * times)
    plain = printed(rendered(columns, rows, 10_000, plain=True), 10_000)
    assert len(plain) == 1 + len(rows)
    assert ink("".join(plain)) == ink(texts + names)


@given(some.data(), some.integers(40, 120))
def test_ids_amounts_and_times_are_never_broken(data: some.DataObject, width: int) -> None:
    """A cell that is no long text stands on one line if the window is wide enough for it at all."""
    cells = some.text(alphabet="abc-123", min_size=1, max_size=30)
    rows = data.draw(some.lists(some.tuples(cells, cells, cells), min_size=1, max_size=4))
    columns = [Column("id"), Column("amount", right=True), Column("why", long=True)]
    parts = [tuple((text,) for text in row) for row in rows]
    lines = printed(rendered(columns, parts, width, plain=False), width)
    assert all(any(cell in line for line in lines) for row in rows for cell in row[:2])


def test_a_text_gives_way_to_an_id() -> None:
    """Where both do not fit, the text beside an id is folded, and never the id."""
    rows = [[("x-" * 20,), ("because " * 8,)]]
    columns = [Column("id"), Column("why", long=True)]
    lines = printed(rendered(columns, rows, 80, plain=False), 80)
    assert "x-" * 20 in lines[2]
    assert len(lines) == 4


def test_nothing_that_is_printed_moves_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    """In a cell, a fact, a sentence or a note: what is no text for the eye is spelled out."""
    screen, text = Screen(), "a\x1b[2Jb\u202e"
    screen.table([Column("x"), Column("y")], [(text, (text, text))])
    screen.facts([("x", text)])
    screen.say(text)
    screen.note(text)
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert shown.out.count("a\\u001b[2Jb\\u202e") == 5
    assert shown.err.count("a\\u001b[2Jb\\u202e") == 1


def test_what_others_wrote_cannot_move_the_cursor() -> None:
    """Control characters and marks that turn the line are shown, names in any script stay."""
    assert visible("灵感值 naïve 👍") == "灵感值 naïve 👍"
    assert visible("a\x1b[2Jb\r\n\u202ec\u2028") == "a\\u001b[2Jb\\u000d\\u000a\\u202ec\\u2028"


def test_a_time_is_told_in_shanghai_and_in_utc() -> None:
    """The day may differ; an amount below zero keeps its sign."""
    late = datetime(2026, 2, 28, 16, 30, tzinfo=UTC)
    assert moment(late) == ("2026-03-01 00:30:00+08", "2026-02-28 16:30:00Z")
    assert moment(None, "never") == "never"
    text = in_both_zones("ends 2026-02-28T16:00:00Z, then 2026-03-01 is over.")
    assert text == "ends 2026-03-01 00:00:00+08 (2026-02-28 16:00:00Z), then 2026-03-01 is over."
    assert (yuan(5), yuan(-105)) == ("0.05 CNY", "-1.05 CNY")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    """A spreadsheet program would run it."""
    assert guarded(cell) == f"'{cell}"
    assert guarded(f"x{cell}") == f"x{cell}"


def test_a_sheet_says_the_same_however_it_was_saved(tmp_path: Path) -> None:
    """Mark, CRLF, quotes, spaces, empty columns: other bytes, the same rows, the same keys."""
    known = ("wallet_id", "reason")
    ways = [
        b"wallet_id,reason\nw,a b\n\nx,c\n",
        b'\xef\xbb\xbfwallet_id,reason,,\r\n"w", a b ,,\r\n,,,\r\nx,c\r\n',
    ]
    digests = set()
    for number, raw in enumerate(ways):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(raw)
        rows = rows_of(read_sheet(path), known, known)
        assert [(row.number, dict(row.cells)) for row in rows] == [
            (2, {"wallet_id": "w", "reason": "a b"}),
            (4, {"wallet_id": "x", "reason": "c"}),
        ]
        digests.add(digest_of(rows))
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (b"", "needs wallet_id"),
        (b"wallet_id\n", "no rows"),
        (b"wallet_id,wallet_id\nx,y\n", "more than once"),
        (b"wallet_id\nw,x\n", "more cells"),
        (b'wallet_id\n"w\n', "CSV"),
        ("wallet_id\nw\n".encode("utf-16"), "UTF-8"),
    ],
)
def test_what_is_no_sheet_is_told(tmp_path: Path, raw: bytes, complaint: str) -> None:
    """In one sentence, before anything is asked of the ledger."""
    path = tmp_path / "x.csv"
    path.write_bytes(raw)
    with pytest.raises(CommandError, match=complaint):
        rows_of(read_sheet(path), ("wallet_id",), ("wallet_id",))
