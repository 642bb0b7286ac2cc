"""gRPC: carries the calls of the contract as messages of `ledger.v1`."""
