"""Looking: what people read, at a terminal of 80 columns, in a pipe, and as JSON."""

import asyncio
import json
import secrets

import pytest

from tests.admin.conftest import Call, People, Story
from tests.admin.desk import Desk, Said, at_once

BOXES = set("│─┌┐└┘├┤┬┴┼━┃╭╮╰╯╞╡═║")


def views(story: Story) -> dict[str, tuple[list[str], list[str]]]:
    """Commands that only look, and what each must show."""
    wallet, zones = story.wallet, ["+08", "Z"]
    return {
        "wallet show": ([wallet], [wallet, story.daily, story.hold, "77.00", "gold", *zones]),
        "wallet lots": ([wallet], [story.daily, f"lot-{story.order}", "purchased"]),
        "wallet explain": ([wallet], ["what expires first goes first", "7.70", *zones]),
        "wallet timeline": ([wallet], ["debit charged", "-30.00", "春季活动", "render-1842"]),
        "charge explain": ([story.charge], ["主营业务收入-生成", "6001.01", "2.17", "by dev"]),
        "charge show": ([story.charge, "--wallet", wallet], ["30.00 KUAIBI", "render-1842"]),
        "hold list": ([wallet], [story.hold, "10.00", "INSPIRATION"]),
        "hold show": ([story.hold], ["video-5s-standard", "open"]),
        "order list": ([wallet], [story.order, story.pending, "gold", "66.00", "pending"]),
        "order show": ([story.order], ["100.00 KUAIBI", "10.00 CNY", "paid", *zones]),
        "membership show": ([wallet], ["gold", "1 of 1 granted", *zones]),
        "find": (["render-1842"], ["reference", wallet]),
    }


async def test_everything_fits_a_terminal_of_80_columns(desk: Desk, story: Story) -> None:
    """No line is wider than the window, no id is cut, names in Chinese stand as they are."""
    await directory_knows(desk, story)
    looked = views(story)
    shown = await at_once(*(desk.sit(*name.split(), *more) for name, (more, _) in looked.items()))
    for (name, (_, wanted)), printed in zip(looked.items(), shown, strict=True):
        assert printed.code == 0, (name, printed.out)
        assert not printed.too_wide, name
        # Sentences are broken where they must be, and an id in a column may be folded.
        missing = [
            text for text in wanted if "".join(text.split()) not in "".join(printed.out.split())
        ]
        assert not missing, (name, missing, printed.out)
        assert "[bold]x[/bold]" in printed.out or name != "wallet timeline"


async def test_an_operator_finds_why_a_balance_is_what_it_is(desk: Desk, call: Call) -> None:
    """From a job's number to the reason, the refund and the freeze, in a window of 80 columns."""
    wallet, job = f"w.{secrets.token_hex(4)}", f"job-{secrets.token_hex(4)}"
    place = f"/v1/wallets/{wallet}"
    await call(f"{place}/daily-grant", {})
    debit = {"currency": "INSPIRATION", "amount": "20", "reference": job}
    charge = (await call(f"{place}/debits", debit))["charge_id"]
    refund = {"amount": "5", "reason": "渲染失败"}
    await call(f"{place}/charges/{charge}/refund", refund)
    await call(f"{place}/freeze", {"reason": "手机被盗"})
    whose = await desk.sit("find", job)
    assert wallet in whose.out
    why, happened, charged = await at_once(
        desk.sit("wallet", "explain", wallet),
        desk.sit("wallet", "timeline", wallet),
        desk.sit("charge", "explain", charge),
    )
    for printed, wanted in (
        (why, ("status: frozen", "51.00 INSPIRATION", "daily granted, seq")),
        (happened, ("wallet frozen", "reason: 手机被盗", "-20.00", job, "5.00", "渲染失败")),
        (charged, ("refunded:  5.00 INSPIRATION", "渲染失败", f"reference: {job}")),
    ):
        assert (printed.code, printed.too_wide) == (0, []), printed.out
        assert not [text for text in wanted if text not in printed.out], printed.out


async def directory_knows(desk: Desk, story: Story) -> None:
    """Holds and references are found once the directory has followed the log."""
    for _ in range(50):
        printed = await desk.run("find", story.hold, "--json")
        if printed.code == 0:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(printed)


@pytest.mark.finance
async def test_in_a_pipe_a_row_is_a_line(desk: Desk, story: Story) -> None:
    """No colour, no boxes, whatever the width: `grep` finds an id with all that belongs to it."""
    lots, entries, orders = await at_once(
        desk.run("wallet", "lots", story.wallet, COLUMNS="40"),
        desk.run("wallet", "timeline", story.wallet, "--all"),
        desk.run("order", "list", story.wallet),
    )
    for printed in (lots, entries, orders):
        assert printed.code == 0, printed.err
        assert not BOXES & set(printed.out)
        assert "\x1b" not in printed.out
    (row,) = [line for line in lots.out.splitlines() if story.daily in line]
    assert {"daily", "56.00", "10.00", "INSPIRATION"} <= set(row.split())
    (row,) = [line for line in entries.out.splitlines() if story.charge in line]
    assert {"-30.00", "77.00", "KUAIBI", "render-1842"} <= set(row.split())
    paid = [line for line in orders.out.splitlines() if story.order in line]
    assert [line.split()[3:5] for line in paid] == [["paid", "10.00"]]
    # Amounts are aligned to the right: they all end where the name of the column ends.
    head, *rows = lots.out.splitlines()[1:]
    end = head.index("available") + len("available")
    assert all(line[end - 3] == "." and line[end : end + 2] == "  " for line in rows)


@pytest.mark.finance
async def test_json_is_the_answer_of_the_api(desk: Desk, story: Story, call: Call) -> None:
    """One document on standard output, word for word what the API says; all pages as one."""
    place = f"/v1/wallets/{story.wallet}"
    calls: dict[str, tuple[list[str], str]] = {
        "lots": (["wallet", "lots", story.wallet], f"{place}/lots"),
        "entries": (["wallet", "timeline", story.wallet, "--all"], f"{place}/entries"),
        "order": (["order", "show", story.order], f"/v1/orders/{story.order}"),
        "charge": (
            ["charge", "explain", story.charge, "--wallet", story.wallet],
            f"{place}/charges/{story.charge}/explanation",
        ),
    }
    running = (desk.run(*arguments, "--json") for arguments, _ in calls.values())
    for printed, (_, path) in zip(await at_once(*running), calls.values(), strict=True):
        assert (printed.code, printed.err) == (0, "")
        assert json.loads(printed.out) == await call(path)


@pytest.mark.finance
async def test_a_timeline_goes_on_after_a_page_and_stops_at_a_time(desk: Desk, call: Call) -> None:
    """--limit and --after page through it, newest first; --since ends it, on any page."""
    wallet = f"w.{secrets.token_hex(4)}"
    debit = {"kind": "debit", "wallet_id": wallet, "currency": "INSPIRATION", "amount": "0.01"}
    await call(f"/v1/wallets/{wallet}/daily-grant", {})
    debits = [debit | {"idempotency_key": f"{wallet}-{number}"} for number in range(1_050)]
    await call("/v1/batch", {"commands": debits})
    place = f"/v1/wallets/{wallet}/entries"
    first = await call(place, limit="1000")
    entries = [*first["items"], *(await call(place, limit="1000", after=first["next"]))["items"]]
    look = ("wallet", "timeline", wallet, "--json")
    every, page, since = await at_once(
        desk.run(*look, "--all"),
        desk.run(*look, "--limit", "2"),
        desk.run(*look, "--since", entries[-2]["at"]),
    )
    assert json.loads(every.out) == {"items": entries, "next": None}
    assert json.loads(page.out)["items"] == entries[:2]
    wanted = [entry for entry in entries if entry["at"] >= entries[-2]["at"]]
    assert len(wanted) < len(entries)
    assert json.loads(since.out) == {"items": wanted, "next": None}
    rest = await desk.run(*look, "--limit", "1", "--after", json.loads(page.out)["next"])
    assert json.loads(rest.out)["items"] == entries[2:3]


@pytest.mark.finance
async def test_who_may_what_and_who_did_what(desk: Desk, people: People, story: Story) -> None:
    """Callers, keys, acts and switches fit the terminal; a key itself is nowhere in them."""
    frozen = await people.ann.run("wallet", "freeze", story.wallet, "--reason", "怀疑盗号")
    assert (frozen.code, frozen.out) == (0, f"{story.wallet} is frozen.\n")
    freed = await people.bob.run("wallet", "unfreeze", story.wallet, "--reason", "本人确认")
    assert freed.code == 0, freed.err
    shown: list[Said] = await at_once(
        people.ann.sit("caller", "me"),
        desk.sit("caller", "list"),
        desk.sit("key", "list"),
        desk.sit("acts", "--subject", story.wallet),
        desk.sit("switch", "list"),
    )
    for printed, wanted in zip(shown, ("person", "ann", "in force", "ann", "stopped"), strict=True):
        assert printed.code == 0, printed.out
        assert wanted in printed.out
        assert not printed.too_wide
        assert people.ann.key not in printed.out
    rows = [row.split() for row in shown[3].out.splitlines()]
    who = [row[1] for row in rows if row[:1] in (["who"], ["what"])]
    assert who == ["bob", "unfreezeWallet", "ann", "freezeWallet"]


async def test_nothing_found_is_said_by_the_exit_code(desk: Desk) -> None:
    """`ledger find` ends with 1, and tells how far the directory is."""
    printed = await desk.run("find", "no-such-thing", "--json")
    assert printed.code == 1
    assert json.loads(printed.out)["items"] == []
    assert "no-such-thing" in printed.err
    assert "shard 0" in printed.err
