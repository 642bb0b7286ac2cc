"""A generation service as its developers would write it, against `ledger-client` alone.

`test_alone.py` runs it in an environment that has the client and nothing of the server.
"""

import asyncio
import importlib.util
import os
from decimal import Decimal
from uuid import uuid4

from ledger.client import InsufficientFunds, LedgerClient, SyncLedgerClient, batch

NOT_HERE = ("ledger.core", "ledger.contract", "ledger.http", "litestar", "asyncpg")


async def render(prompt: str) -> str:
    """Stand in for the model, which cannot do dogs today."""
    await asyncio.sleep(0)
    if prompt == "a dog":
        raise RuntimeError("the model is down")
    return f"a video of {prompt}"


async def generate(client: LedgerClient, wallet_id: str) -> None:
    """Sell generations: one that works, one that fails, some images, and one too many."""
    await client.daily_grant(wallet_id)
    async with client.hold(wallet_id, sku="video-5s-standard", reference="job-1") as hold:
        await render("a cat")
    assert hold.charge is not None
    try:
        async with client.hold(wallet_id, sku="video-5s-standard", reference="job-2") as failed:
            await render("a dog")
    except RuntimeError:
        assert (await client.read_hold(wallet_id, failed.hold_id)).status == "voided"
    images = [batch.debit(wallet_id, sku="image", quantity=number) for number in (1, 2, 3)]
    charged = [result.value.amount for result in await client.batch(images)]
    debit = await client.debit(wallet_id, currency="INSPIRATION", amount="0.5")
    assert debit.request_id
    try:
        await client.with_options(timeout_s=20).debit(
            wallet_id, currency="INSPIRATION", amount=10_000
        )
    except InsufficientFunds as refused:
        left = refused.available
    wallet = await client.wallet(wallet_id)
    assert wallet.balances["INSPIRATION"].available == left
    assert left == Decimal(66) - hold.charge.captured - sum(charged) - debit.amount
    entries = [entry.type async for entry in client.entries(wallet_id)]
    assert entries.count("debit_charged") == 4


def main() -> None:
    """Run it, over whichever transport the URL names."""
    unwanted = [name for name in NOT_HERE if _is_here(name)]
    assert not unwanted, f"{unwanted} should not be installed"
    url, key, wallet_id = os.environ["LEDGER"], os.environ["KEY"], f"w-{uuid4().hex}"

    async def work() -> None:
        async with LedgerClient(url, key) as client:
            await generate(client, wallet_id)

    asyncio.run(work())
    with SyncLedgerClient(url, key) as client:
        assert client.wallet(wallet_id).seq > 0
    print("done")  # noqa: T201 - a program


def _is_here(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


if __name__ == "__main__":
    main()
