"""Problems of the contract as gRPC statuses, with google.rpc error details."""

from typing import Any, Final

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from ledger.contract.problems import Problem
from ledger.rpc.responses import facts_of, reason_of

DOMAIN: Final = "ledger.example"
"""Whose reasons they are: the host of the problems' base URI."""

DETAILS: Final = "grpc-status-details-bin"
REPLAYED: Final = ("idempotency-replayed", "true")
"""Trailing metadata of every answer that was given before."""

CODES: Final = {
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
"""The status of a problem, by the one that HTTP gives it."""

Metadata = tuple[tuple[str, str | bytes], ...]


def refuse(
    context: grpc.aio.ServicerContext[Any, Any],
    problem: Problem,
    request_id: str,
    *,
    replayed: bool = False,
) -> grpc.StatusCode:
    """Have the call end with a problem; returns the status that it ends with."""
    code = CODES[problem.status]
    context.set_code(code)
    context.set_details(problem.detail)
    trailing: Metadata = (("x-request-id", request_id), (DETAILS, _details(problem, code)))
    context.set_trailing_metadata((*trailing, REPLAYED) if replayed else trailing)
    return code


def _details(problem: Problem, code: grpc.StatusCode) -> bytes:
    info = ErrorInfo(
        reason=reason_of(problem.slug), domain=DOMAIN, metadata=facts_of(problem.facts)
    )
    details: list[ErrorInfo | RetryInfo] = [info]
    if (retry_after_s := problem.facts.get("retry_after_s")) is not None:
        details.append(RetryInfo(retry_delay=Duration(seconds=retry_after_s)))
    status = Status(code=code.value[0], message=problem.detail)
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    packed_status: bytes = status.SerializeToString()
    return packed_status
