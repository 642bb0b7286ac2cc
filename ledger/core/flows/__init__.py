"""Business flows, one a file: its commands and events, what is decided and how a wallet evolves."""
