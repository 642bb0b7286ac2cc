"""A request's trace: what its access-log line and its metrics will say."""

import re
from itertools import count
from os import urandom
from time import perf_counter
from typing import Final, cast

from litestar.types import HTTPScope, Scope

from ledger.core.ids import ID_PATTERN
from ledger.http.request import Headers

UNMATCHED: Final = "unmatched"
"""The route of a request that none matched."""

ABANDONED: Final = 499
"""The status of a request whose caller went away before it was answered."""

_WELL_FORMED: Final = re.compile(ID_PATTERN.encode())
_process: Final = urandom(8).hex()
_numbers: Final = count(1)


class Trace:
    """What is known of one request so far.

    `body_received` says whether all of its body was read, `status` is ABANDONED until it is
    answered.
    """

    __slots__ = ("body_received", "caller", "headers", "request_id", "route", "started", "status")

    def __init__(self, headers: Headers) -> None:
        self.headers = headers
        self.started = perf_counter()
        self.route = UNMATCHED
        self.caller = ""
        self.body_received = False
        self.status = ABANDONED
        given = headers.values.get(b"x-request-id", b"")
        if _WELL_FORMED.fullmatch(given):
            self.request_id = given.decode("ascii")
        else:
            self.request_id = f"{_process}-{next(_numbers):x}"


def follow(scope: HTTPScope, trace: Trace) -> None:
    """Keep the trace in the scope, where `trace_of` reads it."""
    scope["state"] = {"trace": trace}


def trace_of(scope: Scope) -> Trace:
    """The trace of a request."""
    return cast("Trace", scope["state"]["trace"])
