"""Troubles: no key, a wrong one, a refusal, a service that is away, an answer that is lost."""

import asyncio
import json
import secrets
import signal
from pathlib import Path

import pytest

from tests.admin.conftest import Call
from tests.admin.desk import Desk, at_once
from tests.kit.command_line import untouched
from tests.kit.http_proxy import FaultyWay
from tests.kit.serving import Served, free_port

RING = """
import json, os
from keyring.backend import KeyringBackend

class Ring(KeyringBackend):
    priority = 1
    path = os.environ["RING"]

    def _all(self):
        return json.load(open(self.path)) if os.path.exists(self.path) else {}

    def _keep(self, found):
        json.dump(found, open(self.path, "w"))

    def get_password(self, service, name):
        return self._all().get(name)

    def set_password(self, service, name, password):
        self._keep({**self._all(), name: password})

    def delete_password(self, service, name):
        self._keep({key: one for key, one in self._all().items() if key != name})
"""
NO_RING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


@pytest.mark.deploy
async def test_a_key_comes_from_a_file_of_ones_own(desk: Desk, tmp_path: Path) -> None:
    """A file that others may read is refused; without any key the message names all places."""
    mine, open_one, no_key = tmp_path / "mine", tmp_path / "open", tmp_path / "none"
    for path, text, mode in (
        (mine, desk.key, 0o600),
        (open_one, desk.key, 0o640),
        (no_key, "two words", 0o600),
    ):
        path.write_text(f"{text}\n")
        path.chmod(mode)
    me = ("caller", "me")
    wrong_key = f"lp_{secrets.token_urlsafe(32)}"
    used, readable, wordy, nothing, wrong = await at_once(
        desk.run(*me, "--key-file", str(mine), LEDGER_API_KEY=wrong_key),
        desk.run(*me, "--key-file", str(open_one)),
        desk.run(*me, "--key-file", str(no_key)),
        desk.run(*me, LEDGER_API_KEY="", **NO_RING),
        desk.run(*me, "--json", LEDGER_API_KEY=wrong_key),
    )
    assert used.code == 0, used.err
    assert (readable.code, readable.out) == (2, "")
    assert "chmod 600" in readable.err
    assert (wordy.code, "no API key" in wordy.err) == (2, True)
    assert "two words" not in wordy.err
    assert nothing.code == 2
    for place in ("--key-file", "LEDGER_API_KEY", "keyring"):
        assert place in nothing.err
    assert wrong.code == 1
    assert "unauthenticated" in wrong.err
    assert "LEDGER_API_KEY" in wrong.err
    assert json.loads(wrong.out)["status"] == 401
    for printed in (used, readable, wordy, nothing, wrong):
        assert desk.key not in printed.out + printed.err
        assert wrong_key not in printed.out + printed.err


@pytest.mark.deploy
async def test_a_key_is_kept_in_the_keyring(desk: Desk, tmp_path: Path) -> None:
    """`login` reads it from standard input, never from the command line; `logout` forgets it."""
    (tmp_path / "own_ring.py").write_text(RING)
    ring = {
        "PYTHON_KEYRING_BACKEND": "own_ring.Ring",
        "PYTHONPATH": str(tmp_path),
        "RING": str(tmp_path / "ring.json"),
        "LEDGER_API_KEY": "",
    }
    stored = await desk.run("login", stdin=f"{desk.key}\n", **ring)
    assert stored.code == 0, stored.err
    me = await desk.run("caller", "me", "--json", **ring)
    assert json.loads(me.out)["caller"] == "dev"
    elsewhere = await desk.run("caller", "me", "--url", "http://127.0.0.1:1", **ring)
    assert (elsewhere.code, "ledger login" in elsewhere.err) == (2, True)
    assert (await desk.run("logout", **ring)).code == 0
    assert (await desk.run("caller", "me", **ring)).code == 2
    none = await desk.run("login", stdin=f"{desk.key}\n", LEDGER_API_KEY="", **NO_RING)
    assert (none.code, "--key-file" in none.err) == (2, True)
    assert desk.key not in stored.out + stored.err + none.out + none.err


async def test_a_refusal_says_what_is_true(desk: Desk) -> None:
    """Exit code 1, the slug and the facts on standard error; as JSON the problem itself."""
    void = ("hold", "void", "no-hold", "--wallet", "nobody")
    plain, machine = await at_once(desk.run(*void), desk.run(*void, "--json"))
    assert (plain.code, plain.out) == (1, "")
    assert "refused (not-found)" in plain.err
    assert "what: hold" in plain.err
    assert machine.code == 1
    problem = json.loads(machine.out)
    assert problem["type"].endswith("/not-found")
    assert problem["hold_id"] == "no-hold"


@pytest.mark.deploy
async def test_a_wrong_call_is_never_sent(desk: Desk) -> None:
    """Exit code 2 for what cannot be: an id with a slash, an address without a host, no option."""
    outputs = await at_once(
        desk.run("wallet", "show", "a/../b"),
        desk.run("wallet", "lots", "w", "--url", "ftp://x"),
        desk.run("wallet", "lots", "w", "--url", "http://me:secret@x"),
        desk.run("wallet", "freeze", "w"),
        desk.run("wallet", "timeline", "w", "--since", "yesterday"),
        desk.run("wallet", "freeze", "w", "--reason", "x", "--idempotency-key", "a b"),
    )
    assert [printed.code for printed in outputs] == [2] * 6
    assert "no id" in outputs[0].err
    assert "secret" not in outputs[2].err
    assert "2026-03-01" in outputs[4].err
    assert not any("Traceback" in printed.err for printed in outputs)


@pytest.mark.faults
async def test_a_service_that_is_away_is_told_from_a_lost_answer(
    desk: Desk, served: Served, call: Call
) -> None:
    """Exit code 3 for both: nothing was done, or the key under which it is done once."""
    wallet = f"w.{secrets.token_hex(4)}"
    give = ("grant", wallet, "KUAIBI", "8", "--source", "promotional", "--reason", "x")
    async with FaultyWay(served.port) as way:
        way.faults.extend(["cut-after"] * 20)
        away, lost = await asyncio.gather(
            desk.run(*give, "--url", f"http://127.0.0.1:{free_port()}"),
            desk.run(*give, "--url", way.url),
        )
        keys = set(way.keys)
    assert (away.code, away.out) == (3, "")
    assert "Nothing was done" in away.err
    assert "idempotency" not in away.err
    assert (lost.code, lost.out) == (3, "")
    (key,) = keys
    assert f"--idempotency-key {key}" in " ".join(lost.err.split())
    resolved = await desk.run(*give, "--idempotency-key", key)
    assert resolved.code == 0, resolved.err
    assert (await call(f"/v1/wallets/{wallet}"))["balances"]["KUAIBI"]["available"] == "8.00"


async def test_ctrl_c_while_it_waits_names_the_key(
    desk: Desk, served: Served, call: Call, tmp_path: Path
) -> None:
    """Exit code 130; what was under way may be done, and its key finds out."""
    wallet = f"w.{secrets.token_hex(4)}"
    secret = tmp_path / "key"
    secret.touch(0o600)
    secret.write_text(desk.key)
    give = ("grant", wallet, "KUAIBI", "8", "--source", "promotional", "--reason", "x")
    async with FaultyWay(served.port) as way:
        way.faults.append("silence")
        to = ("--url", way.url, "--key-file", str(secret))
        process = await desk.start(*give, *to, LEDGER_API_KEY="")
        await granted(call, wallet)
        proc = Path(f"/proc/{process.pid}")
        for place in ("cmdline", "environ"):
            assert desk.key.encode() not in (proc / place).read_bytes()
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
        (key,) = way.keys
    assert (process.returncode, out) == (130, b"")
    assert f"--idempotency-key {key}" in err.decode()
    assert "Traceback" not in err.decode()


async def granted(call: Call, wallet: str) -> None:
    """Wait until the ledger has done it."""
    for _ in range(400):
        if (await call(f"/v1/wallets/{wallet}"))["seq"]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it was never done")


@pytest.mark.deploy
async def test_a_shell_completes_the_commands(desk: Desk) -> None:
    """`ledger completion bash` is a script that bash reads, with the commands in it."""
    printed = await desk.run("completion", "bash")
    assert printed.code == 0, printed.err
    check = await asyncio.create_subprocess_exec("bash", "-n", stdin=asyncio.subprocess.PIPE)
    await check.communicate(printed.out.encode())
    assert check.returncode == 0
    assert all(name in printed.out for name in ("timeline", "proposal", "--expect-total"))


@pytest.mark.deploy
async def test_without_an_address_a_wallet_is_read_from_the_database(
    desk: Desk, served: Served, tmp_path: Path
) -> None:
    """`ledger wallet show` is for the host too: no key, no server, the database itself."""
    host = {"LEDGER_URL": "", "LEDGER_API_KEY": "", "LEDGER_DATABASE_URL": served.database_url}
    printed = await desk.run("wallet", "show", "w", "--json", LEDGER_DATA_DIR=str(tmp_path), **host)
    assert printed.code == 0, printed.err
    assert json.loads(printed.out)["wallet_id"] == "w"
    assert untouched(tmp_path)
