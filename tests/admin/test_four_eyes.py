"""Four eyes at the command line: what one person proposes, another one sees and decides."""

import json
import secrets
import signal

import pytest

from tests.admin.conftest import Call, People
from tests.admin.desk import at_once


@pytest.fixture
async def wallet(call: Call) -> str:
    """A wallet with the day's points."""
    wallet = f"w.{secrets.token_hex(4)}"
    await call(f"/v1/wallets/{wallet}/daily-grant", {})
    return wallet


async def available(call: Call, wallet: str) -> str:
    """What the wallet can spend."""
    body = await call(f"/v1/wallets/{wallet}")
    return str(body["balances"]["INSPIRATION"]["available"])


async def test_a_correction_takes_two_people_and_a_yes(
    people: People, call: Call, wallet: str
) -> None:
    """Bob sees that it waits for him and what it would do; Ann cannot; a no does nothing."""
    why = ("--reason", "三次渲染失败", "--evidence", "工单 4711\nseen by support")
    correct = ("adjust", wallet, "credit", "INSPIRATION", "30")
    made = await people.ann.run(*correct, *why, "--valid-for-s", "3600", "--json")
    assert made.code == 0, made.err
    proposal = json.loads(made.out)["proposal_id"]
    own, hers, his = await at_once(
        people.ann.run("proposal", "approve", proposal, "--yes"),
        people.ann.sit("proposal", "list", "--wallet", wallet),
        people.bob.sit("proposal", "list", "--wallet", wallet),
    )
    assert (own.code, "forbidden" in own.err) == (1, True)
    assert "1 wait for another person" in hers.out
    assert "open for you" in his.out
    assert proposal in his.out
    assert hers.too_wide + his.too_wide == []
    approve = ("proposal", "approve", proposal, "--reason", "看过日志")
    nobody, no, stopped = await at_once(
        people.bob.run(*approve),
        people.bob.sit(*approve, answer="\n"),
        people.bob.sit(*approve, answer=signal.SIGINT),
    )
    assert (nobody.code, no.code, stopped.code) == (2, 130, 130)
    assert "now 66.00, then 96.00" in no.out
    assert "工单 4711" in no.out
    assert await available(call, wallet) == "66.00"
    yes = await people.bob.sit(*approve, answer="y\n")
    assert yes.code == 0, yes.out
    assert not yes.too_wide
    assert await available(call, wallet) == "96.00"
    shown = await people.ann.run("proposal", "show", proposal, "--json")
    decided = json.loads(shown.out)
    assert (decided["status"], decided["decided_by"]) == ("done", "bob")


@pytest.mark.finance
async def test_several_are_approved_at_once_and_a_refusal_is_told(
    people: People, call: Call, wallet: str
) -> None:
    """The ledger decides on the wallet of then: what it refuses ends the command with 1."""
    debit = ("adjust", wallet, "debit", "INSPIRATION", "40", "--reason", "given twice", "--json")
    made = [await people.ann.run(*debit) for _ in range(2)]
    ids = [json.loads(printed.out)["proposal_id"] for printed in made]
    both = await people.bob.run("proposal", "approve", "no-such-one", *ids, "--yes")
    assert both.code == 1
    assert "no-such-one: refused (not-found)" in both.err
    assert "status: done" in both.out
    assert "the ledger refused: insufficient-funds" in both.out
    assert await available(call, wallet) == "26.00"


@pytest.mark.finance
async def test_the_end_of_a_wallet_is_proposed_withdrawn_or_rejected(
    people: People, call: Call, wallet: str
) -> None:
    """Close, payout and erase are proposals too; nothing happens without the other's yes."""
    why = ("--reason", "left", "--json")
    made = await at_once(
        people.ann.run("propose", "close", wallet, "--forfeit-balance", *why),
        people.ann.run("propose", "payout", wallet, "10", "--tax-withheld-cny", "2", *why),
        people.ann.run("propose", "erase", wallet, *why),
    )
    close, payout, erase = (json.loads(printed.out)["proposal_id"] for printed in made)
    withdrawn, rejected, erased = await at_once(
        people.ann.run("proposal", "withdraw", close, "--reason", "wrong one"),
        people.bob.run("proposal", "reject", payout, "--reason", "not paid"),
        people.bob.run("proposal", "approve", erase, "--yes"),
    )
    assert "status: withdrawn" in withdrawn.out
    assert "does: close the wallet for good, forfeit its balance" in withdrawn.out
    assert "status: rejected" in rejected.out
    assert "pay out 10.00 CNY, 2.00 of it to the tax office" in rejected.out
    assert erased.code == 0, erased.err
    assert (await call(f"/v1/wallets/{wallet}"))["status"] == "open"
