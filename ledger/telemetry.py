"""Logs: one JSON object a line on a standard stream, without secrets."""

import logging
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any, Final, TextIO

import msgspec
import structlog

_SECRET: Final = ("authorization", "key", "password", "secret", "signature", "token")
_HARMLESS: Final = frozenset({"key_id", "key_hash"})


def configure_logging(*, level: int = logging.INFO, to: TextIO = sys.stdout) -> None:
    """Route structlog and the standard library's loggers to JSON lines on a stream."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        redact,
        structlog.processors.dict_tracebacks,
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
