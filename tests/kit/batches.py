"""Made-up commands for one wallet, and what is answered about it: sent one by one or together."""

import json
import random
import re
from typing import Any, Final

from tests.kit.http_calls import give, new_wallet, post
from tests.kit.http_steps import WHY, Body, called, done, fetched, recharged
from tests.kit.serving import Client

Command = tuple[str, str, Body]
"""(kind, idempotency key, the call's own fields)."""

Outcome = tuple[int, bool, Any]
"""(status, replayed, body)."""

PATHS: Final = {
    "debit": "debits",
    "authorize_hold": "holds",
    "capture_hold": "holds/{hold_id}/capture",
    "void_hold": "holds/{hold_id}/void",
    "extend_hold": "holds/{hold_id}/extend",
    "refund_charge": "charges/{charge_id}/refund",
    "grant": "grants",
    "daily_grant": "daily-grant",
    "convert": "conversions",
    "transfer": "transfers",
}

CURRENCIES = ("INSPIRATION", "KUAIBI")

SKUS = ("image", "video-5s-standard", "fax")

HOLDS = ("h1", "h2", "h3", "h4", "h5")

_ID: Final = re.compile(r"\b(?:lot|ch|conv|tr|hold|w)-[0-9a-z.-]+")

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")


class Run:
    """One wallet, and what was answered about it so far; its own ids told as ordinals."""

    def __init__(self, http: Client, creator: str) -> None:
        self._http, self._creator = http, creator
        self.wallet = new_wallet()
        self.charges: list[str] = []
        self._names: dict[str, str] = {}

    async def begin(self) -> None:
        """Paid and free value in both currencies."""
        for currency in CURRENCIES:
            await recharged(self._http, self.wallet, 20, currency)
            await give(self._http, self.wallet, "55.55", currency=currency)

    async def one_by_one(self, commands: list[Command]) -> list[Outcome]:
        """Every command by its own call."""
        outcomes = []
        for (kind, key, _), sent in zip(commands, self._sent(commands), strict=True):
            path = PATHS[kind].format(**sent)
            body = {name: sent[name] for name in sent if f"{{{name}}}" not in PATHS[kind]}
            answer = await post(self._http, f"{self.wallet}/{path}", body, key=key)
            replayed = "idempotency-replayed" in answer.headers
            outcomes.append(self._outcome_of(answer.status_code, answer.json(), replayed=replayed))
        return outcomes

    async def together(self, commands: list[Command]) -> list[Outcome]:
        """All of them in one batch."""
        entries = [
            {
                "kind": kind,
                "idempotency_key": key,
                "wallet_id": called(self.wallet),
                **sent,
            }
            for (kind, key, _), sent in zip(commands, self._sent(commands), strict=True)
        ]
        answer = await self._http.post("/v1/batch", json={"commands": entries})
        assert answer.status_code == 200, answer.text
        return [
            self._outcome_of(result["status"], result["body"], replayed=result["replayed"])
            for result in answer.json()["results"]
        ]

    async def control(self, call: str, body: Body) -> None:
        """Freeze, unfreeze or limit the wallet."""
        await done(self._http, f"{self.wallet}/{call}", body, 200)

    async def state(self) -> Any:
        """The wallet as it is in the end, with its lots and holds."""
        wallet = await fetched(self._http, self.wallet)
        del wallet["seq"], wallet["as_of"]
        lots = await fetched(self._http, f"{self.wallet}/lots")
        holds = await fetched(self._http, f"{self.wallet}/holds")
        return self._renamed({"wallet": wallet, "lots": lots["items"], "holds": holds["items"]})

    def _sent(self, commands: list[Command]) -> list[Body]:
        """Their fields, with what only this run knows: its charges, and who is given to.

        A batch cannot name a charge that is made in it, so neither may single calls.
        """
        return [self._own(fields, list(self.charges)) for _, _, fields in commands]

    def _own(self, fields: Body, charges: list[str]) -> Body:
        own = dict(fields)
        if (number := own.get("charge_id")) is not None:
            own["charge_id"] = charges[number] if number < len(charges) else "none"
        if (to := own.get("to_wallet_id")) is not None:
            own["to_wallet_id"] = called(self.wallet) if to == "itself" else self._creator
        return own

    def _outcome_of(self, status: int, body: Any, *, replayed: bool) -> Outcome:
        charge_id = body.get("charge_id")
        if status in {200, 201} and charge_id is not None and charge_id not in self.charges:
            self.charges.append(charge_id)
        return status, replayed, self._renamed(body)

    def _renamed(self, body: Any) -> Any:
        text = _TIME.sub("a time", json.dumps(body))
        return json.loads(_ID.sub(lambda match: self._name(match[0]), text))

    def _name(self, name: str) -> str:
        return self._names.setdefault(name, f"{name.partition('-')[0]} #{len(self._names)}")


class Author:
    """Makes up commands; what it may name of the past is the same in both runs."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.sent: list[Command] = []

    def chunk(self, charges: int) -> list[Command]:
        """Some commands, a few of them sent before, or altered under their old key."""
        commands: list[Command] = []
        for _ in range(self.random.randint(1, 12)):
            commands.append(self._command(charges))
            self.sent.append(commands[-1])
        return commands

    def _command(self, charges: int) -> Command:
        if self.sent and self.random.random() < 0.15:
            kind, key, fields = self.random.choice(self.sent)
            if self.random.random() < 0.5 and "amount" in fields:
                return kind, key, fields | {"amount": self._amount()}
            return kind, key, fields
        kind = self.random.choice(list(PATHS))
        return kind, f"k{len(self.sent)}", self._fields(kind, charges)

    def _fields(self, kind: str, charges: int) -> Body:
        choose, maybe = self.random.choice, self.random.random
        amount = {"amount": self._amount()}
        match kind:
            case "debit":
                return self._price()
            case "authorize_hold":
                named = {"hold_id": choose(HOLDS)} if maybe() < 0.8 else {}
                return self._price() | named | {"expires_in_s": 86_400}
            case "capture_hold":
                return {"hold_id": choose(HOLDS)} | (amount if maybe() < 0.6 else {})
            case "void_hold":
                return {"hold_id": choose(HOLDS)}
            case "extend_hold":
                return {"hold_id": choose(HOLDS), "expires_in_s": choose((90_000, 100_000))}
            case "refund_charge":
                part = amount if maybe() < 0.6 else {}
                return {"charge_id": self.random.randint(0, charges)} | WHY | part
            case "grant":
                year = choose(("1997", "2997"))
                expiry = {"expires_at": f"{year}-01-01T00:00:00Z"} if maybe() < 0.5 else {}
                source = choose(("promotional", "compensation"))
                return {"currency": choose(CURRENCIES), "source": source} | amount | WHY | expiry
            case "daily_grant":
                return {}
            case "convert":
                to, of = ("KUAIBI", "INSPIRATION") if maybe() < 0.15 else CURRENCIES
                return {"from_currency": of, "to_currency": to} | amount
            case "transfer":
                to = "itself" if maybe() < 0.1 else "the creator"
                currency = "INSPIRATION" if maybe() < 0.1 else "KUAIBI"
                return {"to_wallet_id": to, "currency": currency, "reference": "tip"} | amount
            case _:
                raise AssertionError(kind)

    def _price(self) -> Body:
        choose, maybe = self.random.choice, self.random.random
        reference = {"reference": "job"} if maybe() < 0.3 else {}
        if maybe() < 0.3:
            return {"sku": choose(SKUS), "quantity": choose((1, 3, 10_001))} | reference
        return {"currency": choose(CURRENCIES), "amount": self._amount()} | reference

    def _amount(self) -> str:
        minor = self.random.choice((1, 20, 333, 1_000, 1_234, 5_000, 9_999))
        return f"{minor // 100}.{minor % 100:02d}"

    def control(self) -> tuple[str, Body] | None:
        """What an administrator does between two chunks, if anything."""
        calls: list[tuple[str, Body]] = [
            *[("freeze", WHY)] * 2,
            *[("unfreeze", WHY)] * 3,
            ("limits", WHY | {"currency": "KUAIBI", "day": "60", "single": "49.99"}),
            ("limits", WHY | {"currency": "KUAIBI"}),
        ]
        return self.random.choice(calls) if self.random.random() < 0.4 else None
