"""Misfits: what a decoder found wrong with a request, as a problem that names the place."""

import re
from typing import Final

from ledger.contract.problems import Problem, problem

_MESSAGE_MAX: Final = 300
_PLACE: Final = re.compile(r" - at `\$\.?(.*)`\Z", re.DOTALL)
_INDEX: Final = re.compile(r"commands\[(\d+)\]\.?")


def misfit(message: str, *, see: str) -> Problem:
    """The problem of a decoder's message; `see` is where the right shape is to be found."""
    place = _PLACE.search(message)
    field = place[1] if place else ""
    facts: dict[str, object] = {}
    index = _INDEX.match(field)
    if index:
        facts["index"] = int(index[1])
        field = field[index.end() :]
    if field:
        facts["field"] = field
    if len(message) > _MESSAGE_MAX:
        message = f"{message[:_MESSAGE_MAX]}…"
    return problem("malformed", f"{message}. See {see}.", **facts)
