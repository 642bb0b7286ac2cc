"""On the host or over the API: the same commands, the same answers, and it is said which it was."""

import json
import secrets
from typing import Any

import pytest

from tests.admin.conftest import Call, Story
from tests.admin.desk import Desk, Said, at_once
from tests.kit.serving import Served

HERE = "on this host, in the database of LEDGER_DATABASE_URL"


class Host:
    """An operator beside the database, without a key; LEDGER_URL is set only where it is said."""

    def __init__(self, desk: Desk, served: Served) -> None:
        self._desk = desk
        self._around = {"LEDGER_DATABASE_URL": served.database_url, "LEDGER_URL": ""}

    async def run(self, *arguments: str, **more: str) -> Said:
        """A command in a pipe."""
        return await self._desk.run(*arguments, **{**self._around, **more})


@pytest.fixture
def host(desk: Desk, served: Served) -> Host:
    """The host of the live service."""
    return Host(desk, served)


@pytest.mark.deploy
async def test_a_thing_has_one_shape_wherever_it_is_printed(
    desk: Desk, host: Host, story: Story, call: Call
) -> None:
    """The JSON of wallets and keys is that of the API, also on the host; lists are pages."""
    caller = f"service.{secrets.token_hex(4)}"
    make = ("key", "create", "--caller", caller, "--scopes", "wallet:read", "--json")
    here, there = await at_once(host.run(*make), desk.run(*make, "--reason", "new"))
    made: list[dict[str, Any]] = [json.loads(printed.out) for printed in (here, there)]
    assert list(made[0]) == list(made[1]) == ["key_id", "caller", "scopes", "expires_at", "key"]
    listed = ("key", "list", "--caller", caller, "--json")
    wallet = ("wallet", "show", story.wallet, "--json")
    at = ("--at", (await call(f"/v1/wallets/{story.wallet}"))["as_of"])
    shown = await at_once(
        *(side.run(*command) for command in (listed, (*wallet, *at)) for side in (desk, host))
    )
    documents = [json.loads(printed.out) for printed in shown]
    assert documents[0] == documents[1] == await call("/v1/keys", caller=caller)
    assert {key["key_id"] for key in documents[0]["items"]} == {key["key_id"] for key in made}
    assert documents[2] == documents[3] == await call(f"/v1/wallets/{story.wallet}", at=at[1])
    for verb, more in (("limit", ("--rate-per-s", "7")), ("revoke", ())):
        subject = caller if verb == "limit" else made[0]["key_id"]
        change = ("key", verb, subject, *more, "--json")
        sides = await at_once(host.run(*change), desk.run(*change, "--reason", "x", *yes(verb)))
        assert json.loads(sides[0].out) == json.loads(sides[1].out), sides


def yes(verb: str) -> list[str]:
    """What keeps a command from asking."""
    return ["--yes"] if verb == "revoke" else []


async def test_the_same_is_shown_on_the_host_and_over_the_api(
    desk: Desk, host: Host, story: Story
) -> None:
    """Line by line, but for the time of the reading; and a note says which of the two it was."""
    show = ("wallet", "show", story.wallet)
    there, here = await at_once(desk.run(*show), host.run(*show))
    assert (there.err, here.err) == (f"ledger: over the API at {desk.url}\n", f"ledger: {HERE}\n")
    lines = [
        [line for line in printed.out.splitlines() if not line.startswith("as of:")]
        for printed in (there, here)
    ]
    assert lines[0] == lines[1]
    assert story.hold in here.out


@pytest.mark.deploy
async def test_a_url_in_the_environment_does_nothing_else_in_silence(
    desk: Desk, host: Host, call: Call
) -> None:
    """A script for the host changes nothing over the API: it is refused, and told what to do."""
    caller = f"service.{secrets.token_hex(4)}"
    make = ("key", "create", "--caller", caller)
    around = {"LEDGER_URL": desk.url}
    outputs = await at_once(
        host.run(*make, "--scopes", "wallet:read", **around),
        host.run(*make, "--scopes", "credit:write", "--reason", "x", **around),
        host.run(*make, "--scopes", "wallet:read", "--person", "--reason", "x", **around),
        host.run(*make, "--scopes", "wallet:read", "--certificate", "x", "--reason", "x", **around),
        host.run("key", "revoke", "key-1", **around),
        host.run("key", "rotate", "key-1", **around),
        host.run("key", "limit", caller, "--none", **around),
    )
    for printed in outputs:
        assert (printed.code, printed.out) == (2, "")
        assert "unset LEDGER_URL" in printed.err
        assert "Nothing was done" in printed.err
    assert (await call("/v1/keys", caller=caller))["items"] == []
    done = await host.run(*make, "--scopes", "credit:write", "--json")
    assert (done.code, done.err) == (0, "")
    (made,) = (await call("/v1/keys", caller=caller))["items"]
    assert made["created_by"].startswith("host:")


@pytest.mark.deploy
async def test_the_host_makes_keys_that_no_key_makes(host: Host, call: Call) -> None:
    """Of a certificate, which has no token; of people, rotated there too; a reason is listed."""
    name = secrets.token_hex(4)
    for_certificate = ("key", "create", f"tls.{name}", "debit:write", "--certificate", f"//{name}")
    certificate = await host.run(*for_certificate, "--json")
    listed = (await call("/v1/keys", caller=f"tls.{name}"))["items"]
    assert [json.loads(certificate.out)] == listed
    assert (listed[0]["kind"], listed[0]["label"]) == ("certificate", f"//{name}")
    person = ("key", "create", f"person.{name}", "admin:approve", "--reason", "joined", "--json")
    made = json.loads((await host.run(*person)).out)
    rotated = await host.run("key", "rotate", made["key_id"], "--overlap-hours", "0.5", "--json")
    assert json.loads(rotated.out)["scopes"] == ["admin:approve"]
    acts = (await call("/v1/acts", subject=f"person.{name}"))["items"]
    assert [(act["operation"], act["detail"]["reason"]) for act in acts] == [
        ("createKey", "joined")
    ]
    taken = await host.run(*for_certificate, "--json")
    assert (taken.code, json.loads(taken.out)["field"]) == (1, "certificate")


@pytest.mark.deploy
async def test_old_names_still_answer_over_the_api(desk: Desk, call: Call) -> None:
    """`apikey` and `caller rate` do what they did, and say what they are called now."""
    caller = f"service.{secrets.token_hex(4)}"
    why = ("--reason", "x")
    made = await desk.run(
        "apikey", "create", caller, "wallet:read", *why, "--expires-in-s", "7200", "--json"
    )
    key_id = json.loads(made.out)["key_id"]
    rotated = await desk.run("apikey", "rotate", key_id, *why, "--overlap-s", "60")
    limited = await desk.run("caller", "rate", caller, "--rate-per-s", "5", "--burst", "9", *why)
    revoked = await desk.run("apikey", "revoke", key_id, *why, "--yes")
    listed = await desk.run("apikey", "list", "--caller", caller, "--json")
    for printed, name in (
        (made, "create"),
        (rotated, "rotate"),
        (limited, "limit"),
        (revoked, "revoke"),
        (listed, "list"),
    ):
        assert printed.code == 0, printed.err
        assert f"this is `ledger key {name}` now" in printed.err
    assert json.loads(listed.out) == await call("/v1/keys", caller=caller)
    times = ("created_at", "expires_at")
    lives = {
        key["key_id"]: [key[time][:16] for time in times] for key in json.loads(listed.out)["items"]
    }
    assert lives[key_id][0] != lives[key_id][1]
    # Not on the host, even where no ledger is named.
    nowhere = await desk.run("apikey", "list", LEDGER_URL="", LEDGER_API_KEY="")
    assert (nowhere.code, "http://127.0.0.1:8000" in nowhere.err) == (2, True)
    helped = await desk.run("--help")
    assert "apikey" not in helped.out
