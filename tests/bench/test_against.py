"""A bench against another checkout; how fast either is depends on the machine."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import Struct

from ledger.cli.bench import against, driver, side
from ledger.cli.bench.checkout import Checkout, checkout_at
from ledger.cli.bench.comparison import Turn
from ledger.cli.command_error import CommandError
from ledger.cli.progress import Turns
from ledger.core.batch import Done
from ledger.core.flows.debit import DebitCharged
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.wallet import Charge
from ledger.engine import CommandFailed, Unavailable
from tests.bench.running import bench, left_in

ROOT = Path(__file__).parents[2]


def make_checkout(folder: Path, python: str | None) -> Path:
    """What looks like a checkout; its Python, if it is to have one, is this shell script."""
    (folder / "ledger" / "core").mkdir(parents=True)
    (folder / "ledger" / "core" / "__init__.py").touch()
    (folder / "Makefile").touch()
    if python is not None:
        programs = folder / ".venv" / "bin"
        programs.mkdir(parents=True)
        for name in ("python", "ledger"):
            program = programs / name
            program.write_text(f"#!/bin/sh\n{python}\n")
            program.chmod(0o755)
    return folder


@pytest.mark.deploy
async def test_a_checkout_against_itself_yields_costs_ratios_and_books_that_agree(
    tmp_path: Path,
) -> None:
    """Every turn of both sides costs something, none fails, verify is green, nothing is left."""
    code, out, err = await bench(
        *(tmp_path, "--json", "--against", str(ROOT)),
        *("--seconds", "0.2", "--rounds", "7", "--wallets", "200"),
    )
    report: dict[str, Any] = json.loads(out)
    assert (code, err) == (0, "")
    assert report["against"] == str(ROOT)
    assert set(report["measurements"]) == {"c_64", "b_1000"}
    for measurement in report["measurements"].values():
        ratio = measurement["ratio"]
        assert len(measurement["ratios"]) == 7
        assert 0 < ratio["low"] <= ratio["median"] <= ratio["high"]
        assert measurement["no_slower"] is (ratio["low"] <= 1.03)
        for cost in (measurement["ours"], measurement["theirs"]):
            assert cost["failed"] == {}
            assert len(cost["turns"]) == 7
            assert all(turn["worker_us"] + turn["postgres_us"] > 0 for turn in cost["turns"])
    for books in report["books"].values():
        assert books["events"] > 400
        assert books["differences"] == []
    assert left_in(tmp_path) == []


@pytest.mark.deploy
async def test_a_comparison_that_cannot_be_is_refused_before_anything_starts(
    tmp_path: Path,
) -> None:
    """No checkout, too few turns, or options that exclude each other: a sentence, exit code 2."""
    for arguments in (
        ("--against", str(tmp_path / "nowhere")),
        ("--against", str(ROOT), "--rounds", "6"),
        ("--against", str(ROOT), "--only", "c"),
        ("--rounds", "8"),
    ):
        code, out, err = await bench(tmp_path, *arguments)
        assert (code, out) == (2, "")
        assert err.startswith("ledger: --")
    assert left_in(tmp_path) == []


def test_what_is_no_checkout_is_refused(tmp_path: Path) -> None:
    """Neither a path without a folder nor a folder of something else."""
    with pytest.raises(CommandError, match="which is no folder: name another checkout"):
        checkout_at(tmp_path / "nowhere")
    with pytest.raises(CommandError, match="which is no checkout of the ledger"):
        checkout_at(tmp_path)


def test_a_checkout_needs_a_venv_that_runs_its_own_code(tmp_path: Path) -> None:
    """Without one, with one that has no ledger, and with one that was copied: what to do."""
    bare = make_checkout(tmp_path / "bare", None)
    with pytest.raises(CommandError, match=r"has no \.venv/bin/python: run `make ready-serve`"):
        checkout_at(bare)
    broken = make_checkout(tmp_path / "broken", "echo 'No module named ledger' >&2; exit 1")
    with pytest.raises(CommandError, match=r"\(No module named ledger\): run `make ready-serve`"):
        checkout_at(broken)
    copied = make_checkout(tmp_path / "copied", f'exec "{sys.executable}" "$@"')
    with pytest.raises(CommandError, match=f"runs the ledger of {ROOT}: remove that"):
        checkout_at(copied)
    mended = make_checkout(tmp_path / "mended", f"echo '{tmp_path}/mended/ledger/core/__init__.py'")
    assert checkout_at(mended).python == mended / ".venv" / "bin" / "python"


def test_a_checkout_that_cannot_be_driven_is_named_with_what_it_wrote(tmp_path: Path) -> None:
    """An older ledger may lack a name; whoever compares learns which, and where to change it."""
    folder = make_checkout(tmp_path / "old", "echo 'cannot import name shard_of' >&2; exit 1")
    program = folder / ".venv" / "bin" / "python"
    checkout = Checkout(folder, program, program)
    with (
        pytest.raises(CommandError, match=r"driver\.py, which ended with status 1(.|\n)*shard_of"),
        side._driving(checkout, {}, tmp_path, 1),
    ):
        pass
    with pytest.raises(CommandError, match=r"init --dev` failed:\ncannot import name shard_of"):
        side._initialise(checkout, {})


def test_what_the_engine_refused_or_could_not_do_counts_as_failed() -> None:
    """By the reason, also where an older checkout has another name for what a command came to."""

    class Older(Struct):
        answer: Rejection

    refusal = rejected(Reason.INSUFFICIENT_FUNDS)
    charged = DebitCharged(Charge("ch-0-1", 1001, 1, (), 0), 0)
    older = cast("Done", Older(refusal))
    exceptions = (CommandFailed("odd"), Unavailable("busy"))
    assert driver.failures([Done(charged), Done(refusal), older, *exceptions]) == {
        "insufficient-funds": 2,
        "CommandFailed('odd')": 1,
        "Unavailable('busy')": 1,
    }


def test_each_side_goes_first_as_often_as_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """AB, BA, AB, BA: what drifts while they take turns hits both alike."""
    order: dict[str, str] = {"c_64": "", "b_1000": ""}

    def take_turn(measurement: against.Measurement, turning: Any, _: float) -> Turn:
        order[measurement.name] += turning.checkout.folder
        return Turn(worker_us=1, postgres_us=1)

    monkeypatch.setattr(against, "_take_turn", take_turn)
    ours, theirs = (
        cast("side.Side", SimpleNamespace(checkout=SimpleNamespace(folder=name))) for name in "AB"
    )
    with Turns() as progress:
        turns = against._take_turns(ours, theirs, 1, 8, progress)
    assert order == {"c_64": "ABBA" * 4, "b_1000": "ABBA" * 4}
    assert [len(taken) for pair in turns.values() for taken in pair] == [8, 8, 8, 8]
