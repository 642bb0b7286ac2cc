"""Problems of the contract (RFC 9457) as gRPC statuses with google.rpc details, and back."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import grpc
import msgspec
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

TYPE_BASE: Final = "https://ledger.example/problems/"
"""What a problem's slug stands after in its `type`."""

DOMAIN: Final = "ledger.example"
"""Whose reasons they are: the host of the problems' base URI."""

DETAILS: Final = "grpc-status-details-bin"
"""The trailing metadata with the details of a status."""

CODES: Final[Mapping[int, grpc.StatusCode]] = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    402: grpc.StatusCode.FAILED_PRECONDITION,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    405: grpc.StatusCode.UNIMPLEMENTED,
    409: grpc.StatusCode.FAILED_PRECONDITION,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    415: grpc.StatusCode.INVALID_ARGUMENT,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
}
"""The code of a problem, by the status that HTTP gives it."""

_BY_SLUG: Final = {"insufficient-funds": 402, "idempotency-key-reused": 422, "rate-limited": 429}
_BY_CODE: Final = {
    code: status for status, code in CODES.items() if status not in {402, 415, 422, 429}
}


def reason_of(slug: str) -> str:
    """A slug as google.rpc.ErrorInfo has reasons: INSUFFICIENT_FUNDS."""
    return slug.replace("-", "_").upper()


def status_of(code: grpc.StatusCode, slug: str) -> int | None:
    """The status that HTTP gives a refusal; None for a code that no refusal has."""
    return _BY_SLUG.get(slug) or _BY_CODE.get(code)


def details_of(slug: str, detail: str, facts: Mapping[str, Any], code: grpc.StatusCode) -> bytes:
    """A problem as the details of its status."""
    info = ErrorInfo(reason=reason_of(slug), domain=DOMAIN, metadata=facts_of(facts))
    details: list[ErrorInfo | RetryInfo] = [info]
    if (retry_after_s := facts.get("retry_after_s")) is not None:
        details.append(RetryInfo(retry_delay=Duration(seconds=retry_after_s)))
    status = Status(code=code.value[0], message=detail)
    for each in details:
        packed = AnyMessage()
        packed.Pack(each)
        status.details.append(packed)
    packed_status: bytes = status.SerializeToString()
    return packed_status


def facts_of(facts: Mapping[str, Any]) -> dict[str, str]:
    """Facts as texts: those that are none already as JSON has them; null is left out."""
    return {
        name: fact if isinstance(fact, str) else msgspec.json.encode(fact).decode()
        for name, fact in facts.items()
        if fact is not None
    }


def read_details(
    metadata: Iterable[tuple[str, Any]],
) -> tuple[str, dict[str, str], float | None] | None:
    """Slug, facts and seconds to wait of a refusal; None where the status has no ErrorInfo."""
    info, wait_s = None, None
    for key, value in metadata:
        for detail in Status.FromString(value).details if key == DETAILS else ():
            if detail.Is(ErrorInfo.DESCRIPTOR):
                info = ErrorInfo.FromString(detail.value)
            elif detail.Is(RetryInfo.DESCRIPTOR):
                delay = RetryInfo.FromString(detail.value).retry_delay
                wait_s = delay.ToTimedelta().total_seconds()
    if info is None:
        return None
    return info.reason.lower().replace("_", "-"), dict(info.metadata), wait_s
