"""The methods of the client: a call of the contract is one, and one more for each kind of body."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from deploy.client.generate.shapes import (
    Parameter,
    is_struct,
    item_of,
    members_of,
    parameters_of,
    tag_of,
)
from ledger.contract.calls.batches import AnyBatchCommand
from ledger.contract.operation import Operation

NAMES: Final = {
    "authorizeHold": "authorize",
    "captureHold": "capture",
    "claimDailyGrant": "daily_grant",
    "eraseWallet": "erase",
    "extendHold": "extend",
    "freezeWallet": "freeze",
    "listHolds": "open_holds",
    "readHold": "read_hold",
    "readRefund": "order_refund",
    "readTransfer": "read_transfer",
    "sendTransfer": "transfer",
    "unfreezeWallet": "unfreeze",
    "voidHold": "void",
}
"""Methods that are not named by the rule: `readWallet` is `wallet`, `payOut` is `pay_out`."""

KIND_NAMES: Final = {
    ("openOrder", "recharge"): "open_recharge",
    ("openOrder", "membership"): "open_membership",
}
"""Methods for one kind of body; by the rule it is `propose_pay_out`."""

BY_HAND: Final = {
    "batch": "its commands are typed: `batching.py`",
    "readEvents": "the feed: `feed.py`",
}
"""Calls whose methods are written by hand, and why."""

RESERVED: Final = {
    "aclose", "batch", "close", "events", "events_page", "finish", "hold", "request", "resolve",
    "with_options",
}  # fmt: skip
"""Methods that are written by hand."""

LEFT_OUT: Final = {
    "notify": "a channel's own bytes, signed by it",
    "metrics": "no JSON",
}
"""Calls that the client has no method for, and why."""

ALSO_POSITIONAL: Final = {
    "captureHold": "amount",
    "refundCharge": "amount",
    "refundOrder": "amount_cny",
}
"""A parameter that may be left out and needs no name."""

WHOLE: Final = {"listLots"}
"""Lists with pages that are short enough to be read as one."""


@dataclass(frozen=True)
class Method:
    """A method: the call, its parameters, and the struct of its result, or of a list's items."""

    name: str
    operation: Operation
    query: list[Parameter]
    body: list[Parameter]
    result: Any
    summary: str
    kind: str | None = None
    item: Any = None
    ids: list[str] = field(default_factory=list)

    @property
    def parameters(self) -> list[Parameter]:
        """All but the ids of the path, in the signature's order."""
        return [*self.query, *self.body]

    @property
    def is_paged(self) -> bool:
        """Whether the answer is a page of a list."""
        return "after" in {parameter.name for parameter in self.query}

    @property
    def constant(self) -> str:
        """The operation's name in `operations.py`."""
        return snake(self.operation.id).upper()


def snake(name: str) -> str:
    """`payOut` as `pay_out`."""
    return re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", name)


def method_name(operation: Operation) -> str:
    """The name of a call's method."""
    return NAMES.get(operation.id) or snake(
        re.sub(r"^(read|list)(?=[A-Z])", "", operation.id)
    ).lstrip("_")


def methods_of(operations: Iterable[Operation]) -> list[Method]:
    """Every generated method; each name is there once."""
    methods: dict[str, Method] = {}
    for operation in operations:
        if operation.id not in {*BY_HAND, *LEFT_OUT}:
            for method in _methods(operation):
                first = methods.setdefault(method.name, method)
                is_same = (first.operation.id, operation.id) == ("proposeAdjustment", "propose")
                # POST /v1/adjustments is POST /v1/proposals of that kind, under the same name.
                assert first is method or is_same, f"Two calls would be `{method.name}`: see NAMES."
                assert method.name not in RESERVED, f"`{method.name}` is written by hand."
    return list(methods.values())


def _methods(operation: Operation) -> Iterator[Method]:
    (result,) = set(operation.schemas.values())
    bodies = [None] if operation.body is None else members_of(operation.body)
    for body in bodies:
        kind = None if body is None or len(bodies) == 1 else tag_of(body)
        name = method_name(operation)
        if kind is not None:
            name = KIND_NAMES.get((operation.id, kind), f"{name}_{kind}")
        also_positional = ALSO_POSITIONAL.get(operation.id, "")
        yield Method(
            name=name,
            operation=operation,
            query=parameters_of(operation.query),
            body=[] if body is None else parameters_of(body, also_positional=also_positional),
            result=_of_kind(result, kind),
            summary=operation.summary if kind is None else _first_sentence(body),
            kind=kind,
            item=item_of(result),
            ids=re.findall(r"\{(\w+)\}", operation.path),
        )


def _first_sentence(body: Any) -> str:  # noqa: ANN401 - a struct
    words: str = re.split(r"[.;:]", body.__doc__, maxsplit=1)[0]
    return words


def _of_kind(result: Any, kind: str | None) -> Any:  # noqa: ANN401 - a struct, or several
    """The member of a union that answers a body of this kind; all of them if none is named so."""
    same = [member for member in members_of(result) if is_struct(member) and tag_of(member) == kind]
    return same[0] if kind is not None and len(same) == 1 else result


def batch_commands(methods: Iterable[Method]) -> Iterator[tuple[str, Method]]:
    """The commands of a batch: their `kind` there, and the method of the same call."""
    by_name = {method.name: method for method in methods}
    by_id = {snake(method.operation.id): method for method in by_name.values()}
    for struct in get_args(AnyBatchCommand):
        kind = tag_of(struct)
        assert kind is not None, struct
        yield kind, by_id.get(kind) or by_name[kind]
