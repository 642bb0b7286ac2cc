"""The verdict on two checkouts, from turns that are made up."""

import json

import pytest

from ledger.cli.bench.comparison import Compared, Comparison, Turn, compared, json_of, show
from ledger.cli.bench.side import Books


def turns(*totals_us: float, failed: dict[str, int] | None = None) -> list[Turn]:
    """Turns of which each cost so much, a quarter of it in Postgres."""
    return [
        Turn(worker_us=total * 0.75, postgres_us=total * 0.25, failed=failed or {})
        for total in totals_us
    ]


def comparison(measured: Compared, *differences: str) -> Comparison:
    """A run with this one measurement."""
    return Comparison(
        against="elsewhere",
        seconds=1,
        rounds=8,
        wallets=10,
        processors=2,
        load_before=0,
        load_after=1,
        measurements={"c_64": measured},
        books={
            "ours": Books(events=3, differences=[]),
            "theirs": Books(events=3, differences=list(differences)),
        },
    )


def test_each_of_our_turns_is_compared_with_their_turn_of_the_same_round() -> None:
    """What slows the machine down for a while slows both turns of a pair down."""
    measured = compared("a", turns(*(110, 220, 440, 55) * 2), turns(*(100, 200, 400, 50) * 2))
    assert measured.ratios == pytest.approx([1.1] * 8)
    assert measured.ratio.median == pytest.approx(1.1)
    assert measured.ours.total_us == pytest.approx(165)
    assert measured.ours.worker_us == pytest.approx(165 * 0.75)
    assert measured.theirs.postgres_us == pytest.approx(150 * 0.25)


def test_slower_is_what_is_above_three_percent_by_its_whole_interval() -> None:
    """An interval that reaches down to 1.03 does not say slower, whatever its median."""
    theirs = turns(*(100.0,) * 8)
    assert not compared("a", turns(*range(104, 112)), theirs).no_slower
    assert compared("a", turns(*(102.0,) * 8), theirs).no_slower
    assert compared("a", turns(*(90.0,) * 8), theirs).no_slower
    assert compared("a", turns(101, 101, 101, *(150.0,) * 5), theirs).no_slower


def test_slow_is_sound_and_what_failed_is_not() -> None:
    """Only a request that failed, or books that disagree, on either side, make a run unsound."""
    ours, theirs = turns(*(200.0,) * 8), turns(*(100.0,) * 8)
    broken = turns(*(100.0,) * 8, failed={"503": 2})
    assert comparison(compared("a", ours, theirs)).is_sound
    assert not comparison(compared("a", ours, broken)).is_sound
    assert not comparison(compared("a", broken, theirs)).is_sound
    assert not comparison(compared("a", ours, theirs), "wallet: w1: it differs").is_sound


def test_the_report_says_everything_in_words_and_in_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Costs of both, the ratio with its interval, the verdict, failures and books."""
    broken = turns(*(100.0,) * 8, failed={"[odd]": 1})
    run = comparison(compared("debits", turns(*(150.0,) * 8), broken), "wallet: w1: it differs")
    show(run)
    shown = capsys.readouterr().out
    for part in ("112.5", "25.0", "1.500", "slower", "theirs: 8 × [odd]", "elsewhere", "w1"):
        assert part in shown.replace("debits, ", "")
    document = json.loads(json_of(run))
    assert document["measurements"]["c_64"]["no_slower"] is False
    assert document["measurements"]["c_64"]["theirs"]["failed"] == {"[odd]": 8}
    assert document["books"]["theirs"] == {"events": 3, "differences": ["wallet: w1: it differs"]}
