"""What documents refer to in code spans and links: files, calls, options, variables, metrics."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from ledger.contract.problems import KINDS
from ledger.http.operations import OPERATIONS
from ledger.settings import read_settings
from ledger.v1 import (
    administration_pb2,
    callers_pb2,
    finance_pb2,
    generation_pb2,
    orders_pb2,
    proposals_pb2,
    support_pb2,
    wallet_pb2,
)
from tests.kit.markdown import ROOT, Document

PYTHON: Final = ROOT / "ledger"

_FILE: Final = re.compile(r"[\w.-]+(?:/[\w.-]+)*/?")
_SUFFIXES: Final = (".py", ".md", ".sql", ".toml", ".proto", ".txt", ".binpb", ".yaml")
_CALL: Final = re.compile(r"(?:(GET|POST) )?((?:/|…/)[^\s?]*)(?:\?\S*)?")
_RPC: Final = re.compile(r"(?:ledger\.v1\.)?([A-Z]\w+Service)/([A-Z]\w+)(?:\(.*\))?")

_MADE_BY_RUNNING: Final = (
    "deploy/client/dist",
    ".venv/",
    ".ledger",
    ".pgpass",
    "FILE",
    "PATH",
    "FOLDER",
)
_OF_CALLERS: Final = {"lots.csv", "claims.csv", "payables.csv"}
_MEDIA_TYPES: Final = ("application/", "text/")
_ZONES: Final = ("Asia/",)

_SERVICES: Final = {
    service.name: set(service.methods_by_name)
    for module in (
        administration_pb2,
        callers_pb2,
        finance_pb2,
        generation_pb2,
        orders_pb2,
        proposals_pb2,
        support_pb2,
        wallet_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
}

VARIABLE: Final = re.compile(r"\bLEDGER_[A-Z_]*[A-Z]\b")
METRIC: Final = re.compile(r"ledger_[a-z_]+")

# Settings are read in one place; what else is read is written out.
_READ: Final = re.compile(r'env_var="(LEDGER_\w+)"|environ\.get\("(LEDGER_\w+)"')


def is_file(span: str) -> bool:
    """Whether a code span names a file or folder of the repository."""
    if not _FILE.fullmatch(span) or span in _OF_CALLERS | {*_SUFFIXES} or _RPC.fullmatch(span):
        return False
    if span.startswith((*_MADE_BY_RUNNING, *_MEDIA_TYPES, *_ZONES)):
        return False
    return "/" in span or span.endswith(_SUFFIXES)


def file_exists(document: Document, span: str) -> bool:
    """Whether it is there: from the document, the root, `ledger/` or `tests/`, or by its name."""
    places = (document.folder, ROOT, PYTHON, ROOT / "tests")
    if any((place / span).exists() for place in places):
        return True
    return "/" not in span and span in _names()


@cache
def _names() -> set[str]:
    folders = [PYTHON, ROOT / "tests", ROOT / "migrations"]
    return {path.name for folder in folders for path in folder.rglob("*") if path.is_file()}


def unknown_call(span: str) -> bool:
    """Whether a code span names a call of the API that there is not.

    A call is named by its path, with `{…}` for ids; `…/` stands for how it begins.
    """
    match = _CALL.fullmatch(span)
    if match is None or (span.startswith("…/") and "." in span):
        return False
    method, asked = match[1], match[2]
    if asked.startswith("/schema/"):
        return False
    return not any(
        (method is None or operation.method == method) and _is_path(asked, operation.path)
        for operation in OPERATIONS
    )


def _is_path(asked: str, path: str) -> bool:
    if asked.startswith("…"):
        return _segments(path)[-len(_segments(asked)) + 1 :] == _segments(asked)[1:]
    return _segments(asked) == _segments(path)


def _segments(path: str) -> list[str]:
    return [re.sub(r"\{.*\}", "{}", segment) for segment in path.split("/")]


def unknown_rpc(span: str) -> bool:
    """Whether a code span names a gRPC call that there is not."""
    match = _RPC.fullmatch(span)
    return match is not None and match[2] not in _SERVICES.get(match[1], set())


@cache
def _sources() -> str:
    return "\n".join(path.read_text() for path in sorted(PYTHON.rglob("*.py")))


def unknown_metric(span: str) -> bool:
    """Whether a code span names a metric that nothing measures."""
    if not METRIC.fullmatch(span) or span in {"ledger_service", "ledger_login", "ledger_owner"}:
        return False
    return f'"{span.removesuffix("_total")}"' not in _sources()


def variables_read() -> set[str]:
    """The environment variables that the code reads, the commands for people included."""
    settings = _Recorded()
    read_settings(settings)
    return settings.names | {name for names in _READ.findall(_sources()) for name in names if name}


class _Recorded(dict[str, str]):
    """An environment without variables, which keeps the names that were looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return default


def reasons_by_status(document: Document) -> dict[str, int]:
    """The reasons that a document's table lists, with the status in the first cell of their row."""
    return {
        reason: int(match[1])
        for _, text in document.prose.parts
        if (match := re.match(r"\| (\d{3}) \|", text))
        for reason in re.findall(r"`([a-z-]+)`", text)
        if reason in KINDS or "-" in reason
    }


def path_of_link(document: Document, place: str) -> tuple[Path, str]:
    """The file that a link leads to, and the anchor in it."""
    name, _, anchor = place.partition("#")
    return (document.folder / name if name else ROOT / document.name), anchor
