"""Every service of the contract, and its methods by name."""

from collections.abc import Mapping
from typing import Final

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from ledger.v1 import (
    administration_pb2,
    callers_pb2,
    finance_pb2,
    generation_pb2,
    orders_pb2,
    proposals_pb2,
    support_pb2,
    wallet_pb2,
)

SERVICES: Final[tuple[ServiceDescriptor, ...]] = tuple(
    service
    for file in (
        wallet_pb2,
        generation_pb2,
        orders_pb2,
        finance_pb2,
        administration_pb2,
        proposals_pb2,
        callers_pb2,
        support_pb2,
    )
    for service in file.DESCRIPTOR.services_by_name.values()
)

METHODS: Final[Mapping[str, MethodDescriptor]] = {
    method.name: method for service in SERVICES for method in service.methods
}
"""No two services have a method of the same name: `readWallet` of the contract is ReadWallet."""


def path_of(method: MethodDescriptor) -> str:
    """Where a method is called."""
    assert method.containing_service is not None
    return f"/{method.containing_service.full_name}/{method.name}"
