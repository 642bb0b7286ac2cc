"""Layout and sheets by themselves: nothing is cut, nothing is too wide, nothing is a formula."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from rich.cells import cell_len

from ledger.cli.admin.bulk.sheets import digest_of, guarded, read_sheet, rows_of
from ledger.cli.admin.layout import Column, drawn_lines, folded, plain_lines
from ledger.cli.admin.texts import in_both_zones, moment, visible, yuan
from ledger.cli.command_error import CommandError

words = some.text(alphabet="ab-1 灵感值é", min_size=1, max_size=70)
heads = some.builds(
    Column, some.text("xyz", min_size=1, max_size=9), right=some.booleans(), under=some.booleans()
)


def ink(text: str) -> list[str]:
    """What a text has besides spaces."""
    return sorted(re.sub(r"[\s-]", "", text))


@given(some.data(), some.integers(40, 120))
def test_a_table_fits_and_nothing_of_it_is_lost(data: some.DataObject, width: int) -> None:
    """Whatever is in the cells: no line is wider than the window, and every sign is there."""
    columns = data.draw(some.lists(heads, min_size=1, max_size=5))
    row = some.tuples(*(words for _ in columns))
    rows = data.draw(some.lists(row, min_size=1, max_size=4))
    head, body = drawn_lines(columns, rows, width)
    assert all(cell_len(line) <= width for line in [*head, *body])
    assert ink("".join(body)) == ink("".join("".join(row) for row in rows))
    plain = list(plain_lines(columns, rows))
    assert len(plain) == 1 + len(rows)
    assert ink("".join(plain[1:])) == ink("".join("".join(row) for row in rows))


@given(words, some.integers(6, 40))
def test_a_text_is_folded_at_spaces_where_it_can(text: str, width: int) -> None:
    """A word is broken only if it is longer than a line."""
    lines = folded(text, width)
    assert all(cell_len(line) <= width for line in lines)
    short = [word for word in text.split() if cell_len(word) <= width]
    assert all(any(word in line.split() for line in lines) for word in short)


def test_what_others_wrote_cannot_move_the_cursor() -> None:
    """Control characters and marks that turn the line are shown, names in any script stay."""
    assert visible("灵感值 naïve 👍") == "灵感值 naïve 👍"
    assert visible("a\x1b[2Jb\r\n\u202ec\u2028") == "a\\u001b[2Jb\\u000d\\u000a\\u202ec\\u2028"


def test_a_time_is_told_in_shanghai_and_in_utc() -> None:
    """The day may differ; an amount below zero keeps its sign."""
    assert moment("2026-02-28T16:30:00.5Z") == ("2026-03-01 00:30:00+08", "2026-02-28 16:30:00Z")
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
