"""The result file by itself: what a run goes on from, and what it must not go on from."""

from pathlib import Path

import pytest

from ledger.cli.admin.bulk.results import DONE, REFUSED, Result, Results
from ledger.cli.command_error import CommandError

KEYS = {2: "bulk:x:2:a", 3: "bulk:x:3:b"}
MADE = [
    Result(2, DONE, "lot-1", "", KEYS[2]),
    Result(3, REFUSED, "", 'limit-exceeded: "too, much"\nby far', KEYS[3]),
]


def test_what_is_settled_is_read_again(tmp_path: Path) -> None:
    """Whatever is in an error: a line of its own, and no line that a crash has cut."""
    path = tmp_path / "r.csv"
    for _ in range(2):
        with Results(path) as results:
            if not results.settled(KEYS):
                for result in MADE:
                    results.add(result)
        with path.open("a") as file:
            file.write('4,done,"lo')
    with Results(path) as results:
        settled = results.settled(KEYS)
    assert [(result.row, result.status, result.id, result.key) for result in settled] == [
        (result.row, result.status, result.id, result.key) for result in MADE
    ]
    assert "\\u000aby far" in settled[1].error
    assert len(path.read_text().splitlines()) == 3
    assert path.stat().st_mode & 0o077 == 0


def test_only_the_same_run_goes_on(tmp_path: Path) -> None:
    """Another key for a row, a row that is not there, another kind of file: refused."""
    path = tmp_path / "r.csv"
    with Results(path) as results:
        results.settled(KEYS)
        results.add(MADE[0])
    for keys in ({**KEYS, 2: "bulk:y:2:a"}, {3: KEYS[3]}):
        with Results(path) as results, pytest.raises(CommandError, match="another run"):
            results.settled(keys)
    path.write_text("wallet_id,reason\n")
    with Results(path) as results, pytest.raises(CommandError, match="no result file"):
        results.settled(KEYS)
    assert path.read_text() == "wallet_id,reason\n"


def test_a_run_is_under_way_once(tmp_path: Path) -> None:
    """Two at a time would write one file; the second is refused, and may begin later."""
    path = tmp_path / "r.csv"
    with Results(path), pytest.raises(CommandError, match="under way"):
        Results(path)
    with Results(path):
        pass
