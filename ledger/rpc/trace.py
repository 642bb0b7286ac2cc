"""A call's trace: what its access-log line and its metrics will say."""

import re
from itertools import count
from os import urandom
from time import perf_counter
from typing import Any, Final

import grpc

from ledger.core.ids import ID_PATTERN

ABANDONED: Final = "CANCELLED"
"""The status of a call whose caller went away, or whose deadline passed, before its answer."""

_WELL_FORMED: Final = re.compile(ID_PATTERN, re.ASCII)
_process: Final = urandom(8).hex()
_numbers: Final = count(1)


class Trace:
    """What is known of one call so far; `code` is ABANDONED until it is answered."""

    __slots__ = ("authorization", "caller", "code", "request_id", "started", "wallet_id")

    def __init__(self, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        self.started = perf_counter()
        self.caller = ""
        self.code = ABANDONED
        self.authorization: list[str] = []
        self.wallet_id = ""
        self.request_id = ""
        for name, value in context.invocation_metadata() or ():
            if name == "authorization":
                self.authorization.append(str(value))
            elif name == "x-request-id":
                self.identify(str(value))
        if not self.request_id:
            self.request_id = f"{_process}-{next(_numbers):x}"

    def identify(self, given: str) -> None:
        """Take the request id that a caller gave, if it is well-formed."""
        if given and _WELL_FORMED.fullmatch(given):
            self.request_id = given
