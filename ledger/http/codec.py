"""Decodes request bodies and queries into their structs, strictly, with problems that teach."""

import json
import re
from typing import Any, Final, Generic, TypeVar
from urllib.parse import parse_qsl

import msgspec

from ledger.contract.problems import Problem, ProblemError, malformed_from, problem

T = TypeVar("T")

_WHOLE: Final = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_FIELDS_MAX: Final = 16


class _RepeatedKeyError(ValueError):
    """An object of the body has one key twice."""


def _pairs(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise _RepeatedKeyError


_repeats: Final = json.JSONDecoder(object_pairs_hook=_pairs)


class BodyDecoder(Generic[T]):
    """Decodes one kind of body: no coercion, no unknown field, no key twice, no null."""

    def __init__(self, kind: type[T]) -> None:
        self._decode = msgspec.json.Decoder(kind).decode

    def decode(self, body: bytes) -> T:
        """The body. Raises ProblemError `malformed`, naming field and index where there are any."""
        try:
            decoded = self._decode(body)
            # msgspec has bounded and typed every value by now, so this pass meets no surprise.
            _repeats.decode(body.decode())
        except msgspec.ValidationError as error:
            raise ProblemError(_validation_problem(str(error))) from None
        except msgspec.DecodeError as error:
            raise _malformed(f"The body is no JSON: {error}") from None
        except UnicodeDecodeError:
            raise _malformed("The body is not UTF-8. Send JSON in UTF-8.") from None
        except _RepeatedKeyError:
            raise _malformed("The body has one key twice. Send every field once.") from None
        except RecursionError:
            raise _malformed("The body is nested too deeply.") from None
        return decoded


def _validation_problem(message: str) -> Problem:
    return malformed_from(message, see="/schema/openapi.json")


def _malformed(detail: str) -> ProblemError:
    return ProblemError(problem("malformed", detail))


class QueryDecoder(Generic[T]):
    """Decodes the query of one call: known parameters only, each at most once."""

    def __init__(self, kind: type[T]) -> None:
        info = msgspec.inspect.type_info(kind)
        assert isinstance(info, msgspec.inspect.StructType), kind
        self._kind = kind
        self._names = [field.encode_name for field in info.fields]
        self._when_empty = None if any(field.required for field in info.fields) else kind()
        self._whole = {field.encode_name for field in info.fields if _is_whole(field.type)}

    def decode(self, query: bytes) -> T:
        """The query. Raises ProblemError `malformed`, naming the parameter."""
        if not query and self._when_empty is not None:
            return self._when_empty
        given: dict[str, Any] = {}
        for name, value in _parsed(query):
            if name not in self._names:
                known = ", ".join(self._names) or "none at all"
                raise _unknown_parameter(name, known)
            if name in given:
                raise ProblemError(
                    problem("malformed", f"{name} was given twice; give it once", field=name)
                )
            given[name] = int(value) if name in self._whole and _WHOLE.fullmatch(value) else value
        try:
            return msgspec.convert(given, self._kind)
        except msgspec.ValidationError as error:
            raise ProblemError(_validation_problem(str(error))) from None


def _is_whole(kind: msgspec.inspect.Type) -> bool:
    if isinstance(kind, msgspec.inspect.Metadata):
        return _is_whole(kind.type)
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(_is_whole(member) for member in kind.types)
    return isinstance(kind, msgspec.inspect.IntType)


def _parsed(query: bytes) -> list[tuple[str, str]]:
    if not query:
        return []
    try:
        return parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_FIELDS_MAX,
        )
    except ValueError:
        raise _malformed(
            "The query is not name=value pairs in percent-encoded UTF-8, joined by &."
        ) from None


def _unknown_parameter(name: str, known: str) -> ProblemError:
    return ProblemError(
        problem(
            "malformed",
            f"There is no query parameter {name[:60]!a} here; those known are: {known}.",
            field=name[:60],
        )
    )
