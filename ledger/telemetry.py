"""Logs: one JSON object a line on a standard stream, without secrets."""

import logging
import re
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, TextIO

import msgspec
import structlog
from structlog.tracebacks import ExceptionDictTransformer

_SECRET: Final = ("authorization", "key", "password", "secret", "signature", "token")
_HARMLESS: Final = frozenset({"key_id", "key_hash"})
_PASSWORD: Final = re.compile(r"(://[^\s:/@]*:)[^\s/]+(@)")
_ROW: Final = re.compile(r"\n(?:DETAIL|CONTEXT|HINT):.*", re.DOTALL)
"""What Postgres adds to an error: it shows the row, which may have what people wrote."""

# Never local variables: among them are keys, passwords, and what people wrote.
_transformed: Final = ExceptionDictTransformer(show_locals=False, max_frames=50)

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure_logging(*, level: int = logging.INFO, to: TextIO = sys.stdout) -> None:
    """Route structlog and the standard library's loggers to JSON lines on a stream."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        redact,
        structlog.processors.ExceptionRenderer(_described),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_serialise)],
        logger_factory=structlog.BytesLoggerFactory(to.buffer),
    )
    handler = logging.StreamHandler(to)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(
                    serializer=lambda event, **_: _serialise(event).decode()
                ),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.WARNING))


def _described(exc_info: ExceptionInfo) -> list[dict[str, Any]]:
    """An exception, and what caused it, as data: where it was raised, and what it says."""
    described = _transformed(exc_info)
    for exception in described:
        exception["exc_value"] = without_secrets(exception["exc_value"])
        exception["exc_notes"] = [without_secrets(note) for note in exception["exc_notes"]]
    return described


def without_secrets(text: str) -> str:
    """What an exception says, without passwords in URLs and without rows of the database."""
    return _ROW.sub("", _PASSWORD.sub(r"\1***\2", text))


def redact(
    _: Any,  # noqa: ANN401 - structlog's own signature
    __: str,
    event: MutableMapping[str, Any],
) -> MutableMapping[str, Any]:
    """Blank every field whose name says that it is a secret."""
    for name in event:
        if _is_secret(name):
            event[name] = "[redacted]"
    return event


@lru_cache(maxsize=1_000)
def _is_secret(name: str) -> bool:
    return name not in _HARMLESS and any(word in name.lower() for word in _SECRET)


def _serialise(event: object, **_: object) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)
