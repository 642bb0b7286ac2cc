"""The contract: every call as a value, its words and its rules; HTTP and gRPC only carry it."""
