"""Put a cluster into another folder than the data folder, so that a crash loses nothing."""

import os
import shutil
from pathlib import Path

from ledger.embedded.layout import Layout, write_whole


def move_cluster_to(layout: Layout, place: Path) -> Path:
    """Make `place` the home of the cluster, with the data there are; return the cluster's path.

    The data folder names the new home only when everything is in it; until then the old
    cluster counts, and a move that was cut short begins again in another place.
    """
    old, new = layout.pgdata, place / "postgres"
    if old == new:
        return new
    if old.is_dir():
        shutil.copytree(old, new, symlinks=True)
        # The old data go next: the copy has to be on the disk, not only in memory.
        os.sync()
    write_whole(layout.location, f"{new}\n", mode=0o644)
    shutil.rmtree(old, ignore_errors=True)
    return new
