"""Transfers through lost connections and SIGKILL: whatever dies when, each tip arrives once."""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger.core.flows.transfer import SendTransfer, TransferSent
from ledger.core.wallet import Transfer
from ledger.engine import Unavailable
from ledger.service import Ledger
from tests.kit.command_line import run
from tests.kit.currencies import KUAIBI
from tests.kit.databases import Database
from tests.kit.examples import seeds
from tests.kit.http_steps import Body, books, eventually, fetched
from tests.kit.proxy import Fate
from tests.kit.serving import Client, behind, client_of, opened, serving
from tests.kit.tips import OLD_US, check, finish, fund, tip

FOR_EVER = 1_000


@pytest.mark.parametrize("fate", ["lose-request", "lose-answer"])
@pytest.mark.parametrize("commit", [0, 1, 2])
async def test_one_lost_commit_is_found_out_by_the_service_itself(
    database: Database, fate: Fate, commit: int
) -> None:
    """Of the first half, of the second, or of the completion: the tip still arrives by itself."""
    async with behind(database, [*_passing(1 + commit), fate]) as (ledger, proxy):
        await fund(ledger, ["w0"])
        assert len(proxy.fates) == 1
        sent = await tip(ledger, "w0", "creator")
        if commit == 0 and fate == "lose-answer":
            # What was found out afterwards is an old answer, and what it left open is the job's.
            await ledger.clock.advance(OLD_US)
            assert await finish(ledger) == 1
        await _arrived(ledger, sent)
        assert fate in proxy.fates
    await check(database, [sent])


def _passing(count: int) -> list[Fate]:
    return ["pass"] * count


def _lost(count: int) -> list[Fate]:
    return ["lose-request"] * count


async def _arrived(ledger: Ledger, sent: Transfer) -> None:
    for _ in range(600):
        transfer = await ledger.wallets.read_transfer(sent.from_wallet_id, sent.transfer_id)
        if transfer is not None and transfer.status == "done":
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never arrived")


@pytest.mark.parametrize("fate", ["lose-request", "lose-answer"])
@pytest.mark.parametrize("commit", [0, 1, 2])
async def test_a_database_cut_off_at_any_commit_is_healed_by_another_service(
    database: Database, fate: Fate, commit: int
) -> None:
    """From that COMMIT on nothing comes through: the process ends, and the next one does it."""
    fates = [*_passing(1 + commit), fate, *_lost(FOR_EVER)]
    command = SendTransfer("w0", "creator", KUAIBI, 1_000)
    async with behind(database, fates) as (ledger, proxy):
        await fund(ledger, ["w0"])
        with contextlib.suppress(Unavailable):
            await ledger.submit("test", "tip", command)
        for _ in range(600):
            if len(proxy.fates) > commit + 1:
                break
            await asyncio.sleep(0.02)
        assert fate in proxy.fates
    async with opened(database) as heir:
        done = await heir.submit("test", "tip", command)
        assert isinstance(done.outcome, TransferSent)
        await heir.clock.advance(OLD_US)
        await finish(heir)
        await _arrived(heir, done.outcome.transfer)
    await check(database, [done.outcome.transfer])


@pytest.mark.parametrize("seed", seeds(2))
async def test_commits_lost_at_random_lose_and_double_no_tip(database: Database, seed: int) -> None:
    """A third of all COMMITs are lost on one side or the other while many tips are under way."""
    dice = random.Random(seed)
    fates: list[Fate] = dice.choices(["pass", "lose-request", "lose-answer"], [4, 1, 1], k=80)
    givers = [f"w{i}" for i in range(8)]
    sent: list[Transfer] = []
    async with behind(database, ["pass", "pass", *fates]) as (ledger, _):
        await fund(ledger, givers)

        async def give(number: int) -> None:
            await asyncio.sleep(dice.random() / 5)
            giver, creator = dice.choice(givers), f"c{dice.randint(0, 3)}"
            while True:
                with contextlib.suppress(Unavailable):
                    sent.append(await tip(ledger, giver, creator, number + 1, f"t{number}"))
                    return

        await asyncio.gather(*(give(number) for number in range(120)))
    async with opened(database) as heir:
        await heir.clock.advance(OLD_US)
        await finish(heir)
    await check(database, sent)


async def _recharge(http: Client, wallet: str) -> None:
    body = {"kind": "recharge", "currency": "KUAIBI", "price_cny": "100", "channel": "sandbox"}
    key = {"idempotency-key": "recharge"}
    opened_ = await http.post(f"/v1/wallets/{wallet}/orders", json=body, headers=key)
    assert opened_.status_code == 201, opened_.text
    paid = await http.post(opened_.json()["payment"]["pay_url"])
    assert paid.json()["status"] == "paid"


def _batch(givers: Sequence[str], count: int, dice: random.Random) -> list[Body]:
    return [
        {
            "kind": "transfer",
            "idempotency_key": f"tip-{number}",
            "wallet_id": dice.choice(givers),
            "to_wallet_id": f"c{dice.randint(0, 9)}",
            "currency": "KUAIBI",
            "amount": f"0.{dice.randint(10, 99)}",
        }
        for number in range(count)
    ]


@pytest.mark.faults
async def test_tips_in_flight_survive_a_killed_service(data_dir: Path) -> None:
    """SIGKILL with thousands of second halves to go: the next start finishes them, by itself."""
    givers = [f"g{i}" for i in range(20)]
    commands = _batch(givers, 2_000, random.Random(7))
    async with serving(None, data_dir) as service, client_of(service) as http:
        await asyncio.gather(*(_recharge(http, giver) for giver in givers))
        first = await http.post("/v1/batch", json={"commands": commands})
        service.process.kill()
        await asyncio.to_thread(service.process.wait)
    assert first.status_code == 200, first.text
    results = first.json()["results"]
    assert {result["status"] for result in results} == {201}
    async with serving(None, data_dir) as again, client_of(again) as http:
        open_fen = -(await books(http)).get(("in-transit", "CNY"), 0)
        assert open_fen > 0, "nothing was in flight: the test tests nothing"
        shares = sum(result["body"]["creator_share_fen"] for result in results)
        await eventually(lambda: _transit(http), lambda transit: transit["fen"] == 0)
        closings = await books(http)
        assert -closings["liabilities:creators", "CNY"] * 100 == shares
        payable = [(await fetched(http, f"/v1/wallets/c{i}"))["payable_fen"] for i in range(10)]
        assert sum(payable) == shares
        replay = (await http.post("/v1/batch", json={"commands": commands})).json()["results"]
        assert [result["body"] for result in replay] == [result["body"] for result in results]
        for command, result in random.Random(1).sample([*zip(commands, results, strict=True)], 50):
            path = f"/v1/wallets/{command['wallet_id']}/transfers/{result['body']['transfer_id']}"
            await eventually(
                lambda path=path: fetched(http, path),  # type: ignore[misc]
                lambda transfer: bool(transfer["status"] == "done"),
            )
        code, out, _ = await run("verify", "--json", LEDGER_DATA_DIR=str(data_dir))
        assert code == 0, out


async def _transit(http: Client) -> Body:
    return {"fen": (await books(http)).get(("in-transit", "CNY"), 0)}
