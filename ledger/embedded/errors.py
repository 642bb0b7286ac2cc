"""The one exception of the embedded Postgres."""


class EmbeddedPostgresError(Exception):
    """The embedded Postgres cannot do what was asked.

    The text says what was asked, what is true, and what to do.
    """
