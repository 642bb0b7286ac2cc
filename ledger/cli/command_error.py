"""What every command may raise; apart from the other failures, which bring all of the ledger."""


class CommandError(Exception):
    """A command was called in a way that cannot work; the message says what to do."""
