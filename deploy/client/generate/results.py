"""Renders `ledger/client/results.py`: a class for every struct that an answer is made of."""

from collections.abc import Iterable, Iterator
from textwrap import indent
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import fields

from deploy.client.generate.shapes import (
    UNIONS,
    item_of,
    own_hints,
    result_annotation,
    result_name,
    structs_within,
    tag_of,
)
from ledger.contract.calls.batches import BatchAnswer, ResultAnswer
from ledger.contract.operation import Operation

_HEAD: Final = '''\
"""Results: amounts are Decimals, times aware datetimes in UTC, days dates in Shanghai.

Fields that a newer ledger adds are ignored. Closed sets, such as a status, are plain texts: a newer
ledger may know one more.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ledger.client.answers import Result

'''
_NOT_HERE: Final = {BatchAnswer, ResultAnswer}
"""Results of batches are typed by their commands, in `batching.py`."""


def results_module(operations: Iterable[Operation]) -> str:
    """The module's source."""
    structs: dict[type[Struct], None] = {}
    for operation in operations:
        for kind in operation.schemas.values():
            structs.update(dict.fromkeys(structs_within(kind)))
    listed = [kind for kind in structs if item_of(kind) is None and kind not in _NOT_HERE]
    names = [result_name(kind) for kind in listed]
    assert len(set(names)) == len(names), "Two results have one name: see RESULT_NAMES."
    return _HEAD + "\n".join(_with_unions(listed))


def _with_unions(kinds: list[type[Struct]]) -> Iterator[str]:
    seen: set[type[Struct]] = set()
    left = dict(UNIONS)
    for kind in kinds:
        yield _class(kind)
        seen.add(kind)
        for members, name in list(left.items()):
            if members <= seen:
                in_order = [result_name(member) for member in kinds if member in members]
                yield f"{name} = {' | '.join(in_order)}\n"
                del left[members]


def _class(kind: type[Struct]) -> str:
    (base,) = kind.__bases__
    has_public_base = base is not Struct and not base.__name__.startswith("_")
    inherited = {field.name for field in fields(base)} if has_public_base else set()
    parent = result_name(base) if has_public_base else "Result"
    tag = tag_of(kind)
    tagged = "" if tag is None else f', tag_field="kind", tag="{tag}"'
    lines = [f"class {result_name(kind)}({parent}, frozen=True, kw_only=True{tagged}):"]
    lines.append(indent(f'"""{_words(kind)}"""\n', "    "))
    own = {name: hint for name, hint in own_hints(kind).items() if name not in inherited}
    lines += [
        f"    {name}: {result_annotation(hint)}{_default(hint)}" for name, hint in own.items()
    ]
    return "\n".join(lines) + "\n"


def _default(hint: Any) -> str:  # noqa: ANN401 - any annotation
    annotation = result_annotation(hint)
    if annotation.endswith("| None"):
        return " = None"
    return " = ()" if annotation.startswith("tuple[") else ""


def _words(kind: type[Struct]) -> str:
    assert kind.__doc__ is not None
    lines = [line.strip() for line in kind.__doc__.strip().splitlines()]
    return "\n".join(lines).replace(" null", " None") + ("\n" if len(lines) > 1 else "")
