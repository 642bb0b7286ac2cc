"""Who calls: the caller of the bearer key in a request."""

import re
from typing import Final

from ledger.access.callers import Caller
from ledger.contract.access import caller_of, no_key, no_such_key
from ledger.http.request import Headers
from ledger.service import Ledger

_BEARER: Final = re.compile(rb"bearer +([\x21-\x7e]{1,512}) *", re.IGNORECASE)


async def authenticated(ledger: Ledger, headers: Headers) -> Caller:
    """The caller of the key in the request. Raises ProblemError as `caller_of`."""
    given = headers.single(b"authorization")
    if given is None:
        raise no_key()
    match = _BEARER.fullmatch(given)
    if match is None:
        raise no_such_key()
    return await caller_of(ledger, match[1].decode("ascii"))
