"""Renders the modules of operations, methods, their blocking twins and a batch's commands."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from textwrap import indent, wrap
from typing import Final

from deploy.client.generate.methods import LEFT_OUT, WHOLE, Method, batch_commands, snake
from deploy.client.generate.shapes import Parameter, result_annotation
from ledger.contract.operation import Operation
from ledger.contract.refusals import slug_of

_IN: Final = " " * 8
_WIDTH: Final = 92
"""The indent of a method's docstring, and how wide its text is beside that."""

# Read, not imported: what it is generated for need not work yet.
_REFUSALS: Final = (Path(__file__).parents[3] / "ledger/client/refusals.py").read_text()
_CLASSES: Final = {
    slug: name
    for name, slug in re.findall(
        r'^class (\w+)\(.*?^    SLUG = "([^"]+)"', _REFUSALS, re.MULTILINE | re.DOTALL
    )
}
"""The client's exceptions by slug."""

_FIELDS: Final = (
    "from ledger.client.fields import Amount, amount_text, day_text, given, moment_text, "
    "optional_amount, optional_day, optional_moment"
)
_KEY: Final = "idempotency_key: str | None = None"


def operations_module(operations: Iterable[Operation]) -> str:
    """`ledger/client/operations.py`: where each call is, and whether it may be sent again."""
    lines = [
        '"""The calls of the contract, named as in the OpenAPI document."""\n',
        "from typing import Final\n",
        "from ledger.client.transport import Operation\n",
    ]
    for operation in operations:
        if operation.id in LEFT_OUT:
            continue
        flags = [
            *(["keyed=True"] if operation.needs_key else []),
            *(["repeatable=True"] if operation.method == "GET" or operation.repeatable else []),
        ]
        values = [f'"{operation.id}"', f'"{operation.method}"', f'"{operation.path}"', *flags]
        lines.append(f"{snake(operation.id).upper()}: Final = Operation({', '.join(values)})")
    return "\n".join(lines) + "\n"


def calls_module(methods: Sequence[Method]) -> str:
    """`ledger/client/calls.py`: a method for every call."""
    text = "\n".join(line for method in methods for line in _methods(method))
    head = [
        '"""A method for every call of the contract, but for batches and the event feed."""\n',
        "from collections.abc import AsyncGenerator, Sequence",
        "from datetime import date, datetime",
        "from typing import cast\n",
        "from ledger.client import operations as op",
        "from ledger.client.answers import Page, Rows",
        _FIELDS,
        f"from ledger.client.results import {', '.join(_results(methods))}",
        "from ledger.client.sending import Sender, each, gathered\n",
        "class ContractCalls(Sender):",
        '    """Every call that takes and gives JSON, as the OpenAPI document has it."""\n',
    ]
    return "\n".join(head) + "\n" + text


def _results(methods: Iterable[Method]) -> list[str]:
    return sorted(
        {
            result_annotation(method.result if method.item is None else method.item)
            for method in methods
        }
    )


def _methods(method: Method) -> Iterator[str]:
    if method.item is None:
        yield from _single(method)
    elif method.is_paged:
        yield from _page(method)
        yield from _whole(method) if method.operation.id in WHOLE else _iterator(method)
    else:
        yield from _rows(method)


def _single(method: Method) -> Iterator[str]:
    key = [_KEY] if method.operation.needs_key else []
    result = result_annotation(method.result)
    yield from _signature("async def", method.name, _declared(method, key), result)
    yield _docstring(method, method.summary)
    arguments = [f"op.{method.constant}", _type(method.result)]
    yield f"        return await self._call({', '.join([*arguments, *_given(method)])})\n"


def _type(result: object) -> str:
    """A type as a value: what is one of several is no type for mypy."""
    name = result_annotation(result)
    return name if isinstance(result, type) else f"cast('type[{name}]', {name})"


def _page(method: Method) -> Iterator[str]:
    item = result_annotation(method.item)
    yield from _signature("async def", f"{method.name}_page", _declared(method), f"Page[{item}]")
    yield _docstring(method, f"A page of `{method.name}`; `after` is the `next` of the one before")
    arguments = [f"op.{method.constant}", f"Page[{item}]", *_given(method)]
    yield f"        return await self._call({', '.join(arguments)})\n"


def _iterator(method: Method) -> Iterator[str]:
    item = result_annotation(method.item)
    declared = _declared(method, ["page_size: int | None = None"], without={"limit", "after"})
    yield from _signature("def", method.name, declared, f"AsyncGenerator[{item}, None]")
    yield _docstring(method, method.summary, "Read page by page as it goes on.")
    yield f"        return each(lambda after: {_page_call(method, 'page_size')})\n"


def _whole(method: Method) -> Iterator[str]:
    item = result_annotation(method.item)
    declared = _declared(method, without={"limit", "after"})
    yield from _signature("async def", method.name, declared, f"Rows[{item}]")
    yield _docstring(method, method.summary)
    yield f"        return await gathered(lambda after: {_page_call(method, 'None')})\n"


def _page_call(method: Method, limit: str) -> str:
    own = [
        f"{each.name}={each.name}" for each in method.query if each.name not in {"limit", "after"}
    ]
    arguments = [*method.ids, *own, f"limit={limit}", "after=after"]
    return f"self.{method.name}_page({', '.join(arguments)})"


def _rows(method: Method) -> Iterator[str]:
    item = result_annotation(method.item)
    yield from _signature("async def", method.name, _declared(method), f"Rows[{item}]")
    yield _docstring(method, method.summary)
    arguments = [f"op.{method.constant}", item, *_given(method)]
    yield f"        return await self._rows({', '.join(arguments)})\n"


def _declared(
    method: Method, more: Sequence[str] = (), *, without: frozenset[str] | set[str] = frozenset()
) -> list[str]:
    """The parameters of a signature, `*` before those that need their names."""
    taken = [each for each in method.parameters if each.name not in without]
    plain = [f"{name}: str" for name in method.ids]
    plain += [each.declaration for each in taken if each.is_positional]
    named = [each.declaration for each in taken if not each.is_positional]
    named += more
    return [*plain, *(["*", *named] if named else [])]


def _signature(kind: str, name: str, parameters: Sequence[str], result: str) -> Iterator[str]:
    yield f"    {kind} {name}({', '.join(['self', *parameters])}) -> {result}:"


def _given(method: Method) -> list[str]:
    """The arguments of the sender: query, body, key and ids."""
    arguments = []
    if method.query:
        arguments.append(f"query={_fields(method.query)}")
    if method.operation.body is not None:
        kind = [f"kind='{method.kind}'"] if method.kind else []
        arguments.append(f"body={_fields(method.body, kind)}")
    if method.operation.needs_key:
        arguments.append("key=idempotency_key")
    return [*arguments, *(f"{name}={name}" for name in method.ids)]


def _fields(parameters: Sequence[Parameter], more: Sequence[str] = ()) -> str:
    inner = ", ".join([*more, *(each.argument for each in parameters)])
    return f"given({inner})" if inner else "{}"


def _docstring(method: Method, first: str, then: str = "") -> str:
    operation = method.operation
    parts = [
        f"{operation.summary}." if method.kind else "",
        operation.description if not first.startswith("A page") else "",
        then,
        _scopes(operation),
        _raises(operation),
    ]
    rest = " ".join(part for part in parts if part)
    if not rest:
        return f'{_IN}"""{first}."""'
    lines = wrap(rest, _WIDTH, break_on_hyphens=False, break_long_words=False)
    text = "\n".join([f'"""{first}.', "", *lines, '"""'])
    return indent(text, _IN)


def _scopes(operation: Operation) -> str:
    scopes = " or ".join(f"`{scope}`" for scope in operation.scopes)
    only = " Exists on a development ledger only." if operation.development else ""
    http = " Over HTTP only." if operation.only_http else ""
    return (f"Needs {scopes}." if scopes else "") + only + http


def _raises(operation: Operation) -> str:
    slugs = dict.fromkeys(slug_of(reason) for reason in operation.refusals)
    if operation.proposed_as is not None:
        slugs["approval-needed"] = None
    classes = [_CLASSES[slug] for slug in slugs if slug in _CLASSES]
    others = [f"`{slug}`" for slug in slugs if slug not in _CLASSES]
    named = [*sorted(classes), *([f"Refused {', '.join(sorted(others))}"] if others else [])]
    return f"Raises {', '.join(named)}." if named else ""


def sync_module(methods: Sequence[Method]) -> str:
    """`ledger/client/sync_calls.py`: the methods, waited for."""
    lines = [
        '"""The methods of `ContractCalls`, waited for."""\n',
        "from ledger.client.blocking import Blocking, blocking, blocking_iterator",
        "from ledger.client.calls import ContractCalls\n\n",
        "class SyncContractCalls(Blocking):",
        '    """Every call that takes and gives JSON, as the OpenAPI document has it."""\n',
    ]
    for method in methods:
        iterates = method.item is not None and method.is_paged and method.operation.id not in WHOLE
        wait = "blocking_iterator" if iterates else "blocking"
        lines.append(f"    {method.name} = {wait}(ContractCalls.{method.name})")
        if method.item is not None and method.is_paged:
            lines.append(f"    {method.name}_page = blocking(ContractCalls.{method.name}_page)")
    return "\n".join(lines) + "\n"


def batch_module(methods: Sequence[Method]) -> str:
    """`ledger/client/batch.py`: a function for every kind of command that a batch may have."""
    commands = list(batch_commands(methods))
    called = [method for _, method in commands]
    text = "\n".join(line for kind, method in commands for line in _command(kind, method))
    head = [
        '"""The commands of a batch: each is made here, and sent by `client.batch`."""\n',
        "from datetime import datetime\n",
        "from ledger.client.batching import BatchCommand",
        _FIELDS,
        f"from ledger.client.results import {', '.join(_results(called))}",
        "from ledger.client.sending import keyed\n\n",
    ]
    return "\n".join(head) + text


def _command(kind: str, method: Method) -> Iterator[str]:
    result = result_annotation(method.result)
    parameters = ", ".join(_declared(method, [_KEY]))
    yield f"def {method.name}({parameters}) -> BatchCommand[{result}]:"
    yield f'    """`client.{method.name}`, as one command of a batch."""'
    ids = [f"{name}={name}" for name in method.ids if name != "wallet_id"]
    fields = _fields(method.body, ids)
    arguments = f'"{kind}", wallet_id, {fields}, keyed(idempotency_key), {result}'
    yield f"    return BatchCommand({arguments})\n\n"


_INDEX_WIDTH: Final = 110


def index_lines(methods: Sequence[Method]) -> Iterator[str]:
    """The index of calls for the client's README."""
    for tag in sorted({method.operation.tag for method in methods}):
        yield from (f"### {tag}", "")
        for method in sorted(methods, key=lambda method: method.name):
            if method.operation.tag == tag:
                yield from _index_line(method)
        yield ""


def _index_line(method: Method) -> Iterator[str]:
    shown = [each for each in method.parameters if each.name not in {"limit", "after"}]
    plain = [*method.ids, *(each.shown for each in shown if each.is_positional)]
    named = [each for each in shown if not each.is_positional]
    needed = [each.shown for each in named if each.is_required]
    signature = _call(
        method, plain, [*needed, *(each.shown for each in named if not each.is_required)]
    )
    if len(signature) > _INDEX_WIDTH - 8:
        signature = _call(method, plain, [*needed, "…"])
    pages = " (pages)" if method.is_paged and method.operation.id not in WHOLE else ""
    summary = f"{method.summary}{pages}"
    line = f"- {signature}: {summary}"
    if len(line) <= _INDEX_WIDTH:
        yield line
    else:
        yield f"- {signature}:"
        yield f"  {summary}"


def _call(method: Method, plain: Sequence[str], named: Sequence[str]) -> str:
    return f"`{method.name}({', '.join([*plain, *(['*', *named] if named else [])])})`"
