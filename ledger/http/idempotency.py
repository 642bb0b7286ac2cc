"""The Idempotency-Key header: 1 to 255 visible ASCII characters, bare or as a quoted string."""

import re
from typing import Final

from ledger.contract.problems import ProblemError, problem
from ledger.http.request import Headers

HEADER: Final = b"idempotency-key"

_BARE: Final = re.compile(rb"[\x21-\x7e]{1,255}")
# RFC 8941, section 3.3.3: within the quotes only `\"` and `\\` are escapes.
_QUOTED: Final = re.compile(rb'"(?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\])+"')
_ESCAPE: Final = re.compile(rb'\\(["\\])')


def read_key(headers: Headers) -> str:
    """The key itself, without its quotes. Raises ProblemError `malformed`."""
    given = headers.single(HEADER)
    if given is None:
        detail = (
            "This call needs the header Idempotency-Key: any text that is unique to the command."
        )
        raise ProblemError(problem("malformed", detail, field="idempotency-key"))
    key = given.strip(b" \t")
    if key[:1] == b'"':
        key = _ESCAPE.sub(rb"\1", key[1:-1]) if _QUOTED.fullmatch(key) else b""
    if _BARE.fullmatch(key) is None:
        detail = (
            "An Idempotency-Key is 1 to 255 visible ASCII characters, bare or in double quotes "
            'with \\" and \\\\ as the only escapes.'
        )
        raise ProblemError(problem("malformed", detail, field="idempotency-key"))
    return key.decode("ascii")
