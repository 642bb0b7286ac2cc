"""The calls of the contract, one area a file: operations and what they do."""
