"""The gRPC contract: messages and stubs, generated from the `.proto` files here (`make proto`)."""
