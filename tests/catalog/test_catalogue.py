"""The catalogue: what its files say by default, and the ways in which they may contradict."""

import shutil
from pathlib import Path

import pytest

import ledger.catalog
from ledger.catalog import CatalogueError, load_catalogue
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.desk import at

SHIPPED = Path(ledger.catalog.__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped files, to be spoiled."""
    for file in SHIPPED.glob("*.toml"):
        shutil.copy(file, tmp_path)
    return tmp_path


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, old
    file.write_text(text.replace(old, new, 1))


def test_the_launch_promotion_is_thirty_percent_off_with_the_years_given() -> None:
    """domain.md: list x 0.7 down to whole yuan, unless the catalogue gives an explicit price."""
    launch = load_catalogue().at(at("2026-06-01T00:00")).promotions["launch"]
    assert launch.factor_bp == 7_000
    assert not launch.stackable
    assert launch.prices_fen == {
        ("gold", "year"): 55_400,
        ("platinum", "year"): 223_400,
        ("diamond", "year"): 559_400,
        ("black", "year"): 1_107_900,
    }


def test_kuaibi_may_be_given_away_and_become_inspiration_and_not_the_other_way() -> None:
    """domain.md: transfers in KUAIBI, conversion KUAIBI to INSPIRATION; half is the creator's."""
    policy = load_catalogue().at(at("2026-06-01T00:00")).policy
    assert policy.conversions == {(KUAIBI, INSPIRATION)}
    assert policy.transfer_currencies == {KUAIBI}
    assert policy.creator_share_bp == 5_000
    assert not policy.claims_block_spending


def test_tiers_rank_in_the_order_of_the_file() -> None:
    """A higher tier is an upgrade of a lower one."""
    plans = load_catalogue().at(0).plans
    assert sorted(plans, key=lambda name: plans[name].rank) == [
        "gold",
        "platinum",
        "diamond",
        "black",
    ]


def test_a_channel_that_does_not_run_is_left_out() -> None:
    """The sandbox does not exist in production."""
    assert "sandbox" in load_catalogue().at(0).channels
    assert "sandbox" not in load_catalogue(without=("sandbox",)).at(0).channels


def test_each_file_has_versions_of_its_own(folder: Path) -> None:
    """The terms of an instant are made of the newest version of each file."""
    with (folder / "policy.toml").open("a") as policy:
        policy.write(
            '\n[[version]]\nversion = "later"\neffective_from = 2026-07-01T00:00:00+08:00\n'
            "transfer_currencies = []\ncreator_share_bp = 4000\nclaims_block_spending = true\n"
            '[version.spend_day]\nINSPIRATION = "500"\n'
            '[[version.conversion]]\nfrom = "KUAIBI"\nto = "INSPIRATION"\nday_points = "1000"\n'
        )
    catalogue = load_catalogue(folder)
    before, after = catalogue.at(at("2026-06-30T23:59:59")), catalogue.at(at("2026-07-01T00:00"))
    assert before.policy.creator_share_bp == 5_000
    assert after.policy.creator_share_bp == 4_000
    assert after.policy.claims_block_spending
    assert after.policy.spend_day_minor == {INSPIRATION: 50_000}
    assert after.policy.conversion_day_minor == {KUAIBI: 100_000}
    assert after.skus == before.skus


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("promotions.toml", "until = 2030", "until = 2025", "empty window"),
        ("promotions.toml", "factor_bp = 7000", "factor_bp = 0", "factor out of range"),
        ("promotions.toml", "factor_bp = 7000", "factor_bp = 10001", "factor out of range"),
        ("promotions.toml", "per_wallet_max = 16", "per_wallet_max = 0", "no uses"),
        ("promotions.toml", 'plan = "gold"', 'plan = "wood"', "which is no plan"),
        ("promotions.toml", 'period = "year"', 'period = "decade"', "which is no plan"),
        ("promotions.toml", 'price_cny = "554"', 'price_cny = "5,54"', "decimal text"),
        ("promotions.toml", "stackable", "stakable", "stakable"),
        ("policy.toml", "creator_share_bp = 5000", "creator_share_bp = 10001", "out of range"),
        ("policy.toml", "creator_share_bp = 5000", "creator_share_bp = -1", "out of range"),
        ("policy.toml", 'to = "INSPIRATION"', 'to = "KUAIBI"', "converted to itself"),
        ("policy.toml", 'from = "KUAIBI"', 'from = "CNY"', "currency CNY"),
        ("policy.toml", '["KUAIBI"]', '["GOLD"]', "currency GOLD"),
        ("plans.toml", 'month_points = "3000"', 'month_points = "660"', "must have more points"),
        ("plans.toml", "liability = 12", "liability = 999", "no account 999"),
        ("currencies.toml", "number = 1002", "number = 1001", "share a number"),
        ("currencies.toml", 'code = "KUAIBI"', 'code = "INSPIRATION"', "share a code"),
        ("currencies.toml", "liability = 11", "liability = 998", "no account 998"),
        ("prices.toml", 'price = "0.2"', 'price = "0"', "must be positive"),
        ("prices.toml", "[[version]]", "more = []\n[[version]]", "nothing but"),
        ("recharge.toml", "vat_bp = 600", "vat_bp = 6.5", "vat_bp"),
        ("recharge.toml", "funds = 2", "funds = 997", "no account 997"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_at_start_up(
    folder: Path, file: str, old: str, new: str, complaint: str
) -> None:
    """A mistake in prices must stop the service, not reach a customer; the message says where."""
    _edit(folder / file, old, new)
    with pytest.raises(CatalogueError, match=complaint):
        load_catalogue(folder)


def test_versions_must_follow_one_another(folder: Path) -> None:
    """Two versions of one instant would make the terms a matter of chance."""
    text = (folder / "prices.toml").read_text()
    (folder / "prices.toml").write_text(text + text[text.index("[[version]]") :])
    with pytest.raises(CatalogueError, match="follow one another"):
        load_catalogue(folder)
