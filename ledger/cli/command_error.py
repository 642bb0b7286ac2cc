"""The error that every command may raise.

It is apart from the other failures, whose modules import all of the ledger.
"""


class CommandError(Exception):
    """A command was called in a way that cannot work; the message says what to do."""
