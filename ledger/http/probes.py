"""Probes: whether the service lives and is ready, and what it measured."""

import asyncio
from typing import Final, Literal

from msgspec import Struct

from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.problems import problem
from ledger.contract.response import Response
from ledger.http import metrics


class ProbeAnswer(Struct, frozen=True):
    """What a probe wants to hear."""

    status: Literal["live", "ready"]


_RETRY: Final = (b"retry-after", b"1")


async def live(_: Call[None, NoQuery]) -> Response:
    """Tell that the process answers."""
    return Response(200, ProbeAnswer("live"))


async def ready(call: Call[None, NoQuery]) -> Response:
    """Tell whether commands can be served."""
    why_not = await call.ledger.readiness.why_not()
    if why_not is None:
        return Response(200, ProbeAnswer("ready"))
    detail = f"The service cannot serve commands now: {why_not}. Ask again soon."
    return problem("not-ready", detail, _RETRY, retry_after_s=1, reason=why_not).response()


async def expose_metrics(_: Call[None, NoQuery]) -> Response:
    """Tell what was measured. Several workers' figures lie in files, so not in the loop."""
    figures = await asyncio.to_thread(metrics.exposition)
    return Response(200, figures, media_type=metrics.CONTENT_TYPE.encode())


OPERATIONS: Final = (
    Operation(
        id="live",
        method="GET",
        path="/livez",
        tag="Probes",
        summary="Whether the process lives",
        run=live,
        public=True,
        only_http=True,
        answers={200: ProbeAnswer},
        example_answer=ProbeAnswer("live"),
    ),
    Operation(
        id="ready",
        method="GET",
        path="/readyz",
        tag="Probes",
        summary="Whether commands can be served",
        run=ready,
        public=True,
        only_http=True,
        answers={200: ProbeAnswer},
        problems=("not-ready",),
        example_answer=ProbeAnswer("ready"),
    ),
    Operation(
        id="metrics",
        method="GET",
        path="/metrics",
        tag="Probes",
        summary="Prometheus metrics",
        run=expose_metrics,
        public=True,
        only_http=True,
        answers={},
        plain="text/plain",
    ),
)
