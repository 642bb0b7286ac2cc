"""The gRPC contract: messages and stubs that `make proto` generates, and how JSON names values."""
