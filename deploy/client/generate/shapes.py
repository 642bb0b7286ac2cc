"""The contract's types as the client has them: names of results, annotations, parameters."""

import datetime as dt
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeGuard, Union, get_args, get_origin
from typing import get_type_hints as hints_of

from msgspec import Struct, UnsetType
from msgspec.structs import fields

from ledger.contract.as_of import At
from ledger.contract.calls.orders import OrderAnswer
from ledger.contract.fields import Amount, AmountFromZeroText, AmountText, Moment, MomentIn
from ledger.contract.proposals.drafts import CommandAnswer

RESULT_NAMES: Final = {
    "ChargeRefundAnswer": "ExplainedRefund",
    "FeedAnswer": "EventPage",
    "FeedEventAnswer": "Event",
    "FeedLegAnswer": "Leg",
    "FindAnswer": "Finding",
    "LimitAnswer": "SpendLimit",
    "PolicyAnswer": "HousePolicy",
    "PriceAnswer": "Price",
    "QueuedAnswer": "QueuedTerm",
    "RefundAnswer": "ChargeRefund",
    "SetLimitAnswer": "LimitSet",
    "TrialBalanceItem": "AccountBalance",
}
"""Results that are not named as in the contract, less `Answer`."""

UNIONS: Final = {
    frozenset(get_args(OrderAnswer)): "Order",
    frozenset(get_args(CommandAnswer)): "ProposedCommand",
}
"""Names of what is one of several structs, told apart by `kind`."""

_LEAVES: Final[dict[Any, str]] = {
    str: "str",
    int: "int",
    bool: "bool",
    dt.date: "date",
    Any: "Any",
    Amount: "Decimal",
    Moment: "datetime",
}
_ENCODERS: Final[dict[Any, tuple[str, str]]] = {
    AmountText: ("Amount", "amount"),
    AmountFromZeroText: ("Amount", "amount"),
    MomentIn: ("datetime", "moment"),
    At: ("datetime", "moment"),
    dt.date: ("date", "day"),
}
"""Annotation of a parameter, and what the functions are named for that make JSON of it."""

PARAMETER_NAMES: Final = {"date": "day"}
"""Parameters that are not named as in the contract: there the name is a type's."""

_BY_NAME_ONLY: Final = {"reason", "source", "evidence"}


@dataclass(frozen=True)
class Parameter:
    """A field of a body or a query, as the method takes it."""

    name: str
    wire_name: str
    annotation: str
    encoder: str | None
    is_required: bool
    is_positional: bool
    default: str = "None"

    @property
    def declaration(self) -> str:
        """As it stands in the signature."""
        if self.is_required:
            return f"{self.name}: {self.annotation}"
        if self.default != "None":
            return f"{self.name}: {self.annotation} = {self.default}"
        return f"{self.name}: {self.annotation} | None = None"

    @property
    def shown(self) -> str:
        """As the index of calls shows it: with `=` where it may be left out."""
        return self.name if self.is_required else f"{self.name}="

    @property
    def argument(self) -> str:
        """As it stands in the body or query; what is None is left out of it."""
        if self.encoder is None:
            return f"{self.wire_name}={self.name}"
        if self.is_required:
            return f"{self.wire_name}={self.encoder}_text({self.name})"
        return f"{self.wire_name}=optional_{self.encoder}({self.name})"


def is_struct(kind: Any) -> TypeGuard[type[Struct]]:  # noqa: ANN401 - any annotation
    """Whether an annotation is a struct of the contract."""
    return isinstance(kind, type) and issubclass(kind, Struct)


def members_of(kind: Any) -> tuple[Any, ...]:  # noqa: ANN401 - likewise
    """The members of a union; the type itself where it is none. UNSET counts as no member."""
    if get_origin(kind) in (Union, types.UnionType):
        return tuple(member for member in get_args(kind) if member is not UnsetType)
    return (kind,)


def result_name(kind: type[Struct]) -> str:
    """What a struct of the contract is called in the client."""
    return RESULT_NAMES.get(kind.__name__, kind.__name__.removesuffix("Answer"))


def tag_of(kind: type[Struct]) -> str | None:
    """The `kind` that tells a struct from others in its place."""
    tag = kind.__struct_config__.tag
    return None if tag is None else str(tag)


def result_annotation(kind: Any) -> str:  # noqa: ANN401 - any annotation
    """The annotation that a value of an answer has in a result."""
    if kind in _LEAVES:
        return _LEAVES[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return result_annotation(arguments[0])
    if origin is Literal:
        # A newer ledger may have more values.
        return type(arguments[0]).__name__
    if origin in (list, Sequence):
        return f"tuple[{result_annotation(arguments[0])}, ...]"
    if origin is dict:
        return f"dict[{', '.join(map(result_annotation, arguments))}]"
    if is_struct(kind):
        return result_name(kind)
    some = [member for member in members_of(kind) if member is not types.NoneType]
    union = UNIONS.get(frozenset(some))
    named = [union] if union else [result_annotation(member) for member in some]
    return " | ".join(named + ["None"] * (types.NoneType in members_of(kind)))


def own_hints(kind: type[Struct]) -> dict[str, Any]:
    """The annotations of a struct's fields by name, in order."""
    hints = hints_of(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


def item_of(kind: Any) -> Any:  # noqa: ANN401 - likewise
    """What a list has, where an answer is nothing but a list or a page of one; else None."""
    if not is_struct(kind) or not set(kind.__struct_fields__) <= {"items", "next"}:
        return None
    items = own_hints(kind).get("items")
    if items is None or own_hints(kind).get("next", str | None) != str | None:
        return None
    return get_args(items)[0]


def structs_within(kind: Any) -> Iterator[type[Struct]]:  # noqa: ANN401 - likewise
    """The structs that a value is made of, inner ones first; some come several times."""
    if not is_struct(kind):
        for argument in get_args(kind):
            yield from structs_within(argument)
        return
    for base in kind.__bases__:
        if base is not Struct and not base.__name__.startswith("_"):
            yield from structs_within(base)
    for hint in own_hints(kind).values():
        yield from structs_within(hint)
    yield kind


def parameters_of(kind: type[Struct], *, also_positional: str = "") -> list[Parameter]:
    """The parameters for a body or a query: required ones first, those without a name first."""
    hints = own_hints(kind)
    parameters = [
        _parameter(field.name, hints[field.name], field.required, also_positional)
        for field in fields(kind)
        if not _says_nothing(hints[field.name])
    ]
    return sorted(parameters, key=lambda parameter: not parameter.is_positional)


def _says_nothing(hint: Any) -> bool:  # noqa: ANN401 - any annotation
    """Whether a field can have one value only."""
    return get_origin(hint) is Literal and len(get_args(hint)) == 1


def _parameter(name: str, hint: Any, is_required: bool, also_positional: str) -> Parameter:  # noqa: ANN401, FBT001
    (kind,) = members_of(hint)
    if get_origin(kind) is Annotated and kind not in _ENCODERS:
        kind = get_args(kind)[0]
    if get_origin(kind) is Literal:
        kind = type(get_args(kind)[0])
    encoder = None
    if kind in _ENCODERS:
        annotation, encoder = _ENCODERS[kind]
    elif get_origin(kind) is list:
        (item,) = get_args(kind)
        assert get_origin(item) is Literal or item is str, f"{name}: a list of {item}"
        annotation = "Sequence[str]"
    else:
        annotation = _LEAVES[kind]
    is_flag = kind is bool
    return Parameter(
        name=PARAMETER_NAMES.get(name, name),
        wire_name=name,
        annotation=annotation,
        encoder=encoder,
        is_required=is_required,
        is_positional=(is_required and not is_flag and name not in _BY_NAME_ONLY)
        or name == also_positional,
        default="False"
        if is_flag and not is_required and UnsetType not in get_args(hint)
        else "None",
    )
