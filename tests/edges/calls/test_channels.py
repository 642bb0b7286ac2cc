"""A channel after the first: registered and in the catalogue, and no call knows its name."""

import hmac
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import Any

import msgspec
import pytest

import ledger.catalog
from ledger.catalog import load_catalogue
from ledger.channels import REGISTRY, drawn_secret_names
from ledger.channels.contract import (
    Instructions,
    Message,
    NotAuthentic,
    Payment,
    RefundRequest,
    Registration,
    Reply,
    Surroundings,
)
from ledger.core.chart import FUNDS_WECHAT
from ledger.core.purchases import Order
from ledger.store.keys import read_secret
from ledger.store.pool import connect_service
from ledger.store.schema import initialise
from tests.kit.databases import Database
from tests.kit.http_calls import balance, new_wallet, post, problem
from tests.kit.serving import Client, client_alone

RECHARGE = {"kind": "recharge", "currency": "INSPIRATION", "price_cny": "10", "channel": "till"}


class Till:
    """A channel whose payments are typed in by somebody who knows its secret."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._secret = surroundings.secret

    def instructions(self, order: Order) -> Instructions | None:
        """Ten yuan are paid at the first counter, and so on."""
        return Instructions("till", f"https://till.example/counter-{order.price_fen // 1_000}")

    def verify(self, headers: Mapping[str, str], body: bytes, now_s: int) -> Message:
        """Whoever has the secret is believed at any time."""
        del now_s
        if not hmac.compare_digest(headers.get("till-secret", ""), self._secret.hex()):
            raise NotAuthentic("this is not the secret")
        return msgspec.json.decode(body, type=Payment)

    async def refund(self, asked: RefundRequest) -> None:
        """It takes money only."""

    def acknowledge(self) -> Reply:
        """In its own way."""
        return Reply(202, "text/plain", b"thanks")

    def refuse(self, why: str) -> Reply:
        """Likewise."""
        return Reply(418, "text/plain", why.encode())


class ClosedTill(Till):
    """One where nobody can pay at present."""

    def instructions(self, order: Order) -> Instructions | None:
        """None: the counters are closed."""
        del order
        return None


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue with the till among its channels."""
    folder = tmp_path / "catalogue"
    copytree(Path(ledger.catalog.__file__).parent, folder)
    with (folder / "recharge.toml").open("a") as file:
        file.write(
            f'\n[[version.channel]]\nchannel = "till"\nfunds = {FUNDS_WECHAT}\n'
            'points_per_yuan = "20"\norder_ttl_s = 600\n'
        )
    monkeypatch.setattr("ledger.service.load_catalogue", partial(load_catalogue, folder))


@pytest.fixture
async def secret(database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    """The till's secret, drawn as `ledger init` draws it once the till is registered."""
    monkeypatch.setitem(REGISTRY, "till", Registration(Till, "till-key", development=True))
    names = drawn_secret_names(development=True)
    codes = load_catalogue().currency_codes()
    await initialise(database.owner_url, "ledger_login", codes, secrets=names, development=True)
    connection = await connect_service(database.url)
    try:
        return (await read_secret(connection, "till-key")).hex()
    finally:
        await connection.close()


async def shown(http: Client, order: dict[str, Any], wallet: str, key: str) -> list[object]:
    """How the order is to be paid, as every call that tells orders shows it."""
    again = await post(http, f"{wallet}/orders", RECHARGE, key=key)
    assert again.headers["idempotency-replayed"] == "true"
    read = await http.get(f"/v1/orders/{order['order_id']}")
    (listed,) = (await http.get(f"{wallet}/orders")).json()["items"]
    return [body["payment"] for body in (again.json(), read.json(), listed)]


@pytest.mark.usefixtures("catalogue")
async def test_a_second_channel_is_ordered_through_and_paid_in_its_own_way(
    database: Database, secret: str
) -> None:
    """Every call shows its own instructions until it is paid, by its own notification."""
    wallet = new_wallet()
    async with client_alone(database) as http:
        opened = await post(http, f"{wallet}/orders", RECHARGE, key="k")
        assert opened.status_code == 201, opened.text
        order = opened.json()
        payment = {"channel": "till", "pay_url": "https://till.example/counter-1"}
        assert (order["channel"], order["payment"]) == ("till", payment)
        assert await shown(http, order, wallet, "k") == [payment] * 3
        notice = {"order_id": order["order_id"], "payment_id": "7", "amount_fen": 1_000}
        path = "/v1/channels/till/notifications"
        forged = await http.post(path, json=notice)
        assert (forged.status_code, forged.text) == (418, "this is not the secret")
        booked = await http.post(path, json=notice, headers={"till-secret": secret})
        assert (booked.status_code, booked.text) == (202, "thanks")
        assert await balance(http, wallet) == ("200.00", "0.00")
        assert await shown(http, order, wallet, "k") == [None] * 3


@pytest.mark.usefixtures("catalogue", "secret")
async def test_an_order_that_cannot_be_paid_shows_no_payment(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its channel has no instructions: null wherever the order is told, from the first time on."""
    registration = Registration(ClosedTill, "till-key", development=True)
    monkeypatch.setitem(REGISTRY, "till", registration)
    wallet = new_wallet()
    async with client_alone(database) as http:
        opened = await post(http, f"{wallet}/orders", RECHARGE, key="k")
        order = opened.json()
        assert (opened.status_code, order["status"], order["payment"]) == (201, "pending", None)
        assert await shown(http, order, wallet, "k") == [None] * 3


@pytest.mark.usefixtures("catalogue", "secret")
async def test_the_sandbox_pays_no_order_of_another_channel(database: Database) -> None:
    """Nor does it take anything back: only the order's own channel can."""
    async with client_alone(database) as http:
        order = (await post(http, f"{new_wallet()}/orders", RECHARGE)).json()
        path = f"/v1/channels/sandbox/orders/{order['order_id']}"
        for call, slug in (("pay", "order-not-payable"), ("chargeback", "order-not-refundable")):
            refused = problem(await http.post(f"{path}/{call}"), 409, slug)
            assert "is to be paid at till" in refused["detail"]


@pytest.mark.usefixtures("catalogue")
async def test_a_channel_without_its_secret_is_not_for_sale(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Registered and in the catalogue, but nobody could verify a word of it."""
    monkeypatch.setitem(REGISTRY, "till", Registration(Till, "till-key"))
    assert "till-key" not in drawn_secret_names(development=True)
    async with client_alone(database) as http:
        channels = (await http.get("/v1/catalogue")).json()["channels"]
        assert [channel["channel"] for channel in channels] == ["sandbox"]
        refused = await post(http, f"{new_wallet()}/orders", RECHARGE)
        problem(refused, 400, "unknown-channel")
        unheard = await http.post("/v1/channels/till/notifications", json={})
        assert problem(unheard, 404, "not-found")["what"] == "channel"
