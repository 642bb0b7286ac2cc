"""The bench, as a short run of its own; how fast anything is depends on the machine."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bench.running import bench, left_in

FIGURES = {
    *("a_copy", "b_1", "b_10", "b_100", "b_1000", "b_hot", "c_1", "c_16", "c_64", "c_256"),
    *("d_batch", "e_hold", "f_replay", "g_pgbench", "h_commit", "i_64", "j_batch"),
}
AIMS = {"b_1000", "b_hot", "c_64", "c_64_p99", "i_64", "j_batch", "memory", "memory_growth"}


@pytest.mark.deploy
async def test_a_short_bench_yields_every_figure_and_books_that_agree(tmp_path: Path) -> None:
    """Every figure is there and positive, no request failed, verify is green, nothing is left."""
    code, out, err = await bench(tmp_path, "--json", "--seconds", "0.5", "--wallets", "200")
    report: dict[str, Any] = json.loads(out)
    failed = {name: figure["failed"] for name, figure in report["figures"].items()}
    assert not any(failed.values()), failed
    assert report["differences"] == []
    assert (code, err) == (0, "")
    assert set(report["figures"]) == FIGURES
    assert set(report["aims"]) == AIMS
    for name, figure in report["figures"].items():
        assert figure["rate"] > 0, name
        assert all(rate > 0 for rate in figure["rounds"]), name
        if name != "g_pgbench":
            assert 0 < figure["p50_ms"] <= figure["p99_ms"], name
    for size in (1, 10, 100, 1_000):
        assert 0 < report["figures"][f"b_{size}"]["notes"]["batch_size"] <= size
    assert all(aim["value"] > 0 for aim in report["aims"].values())
    assert report["memory_mb"]
    assert report["events"] > 200
    assert left_in(tmp_path) == []


@pytest.mark.deploy
async def test_a_bench_of_something_unknown_is_refused_before_anything_starts(
    tmp_path: Path,
) -> None:
    """A letter, duration or number of wallets that cannot be: a sentence, and exit code 2."""
    for arguments in (("--only", "x"), ("--seconds", "0"), ("--wallets", "0")):
        code, out, err = await bench(tmp_path, *arguments)
        assert (code, out) == (2, "")
        assert err.startswith("ledger: --")
    assert left_in(tmp_path) == []
