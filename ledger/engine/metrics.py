"""What the engine counts: batches, their sizes and times, queues, outages."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

BATCH_COMMANDS: Final = Histogram(
    "ledger_batch_commands",
    "Commands decided in one batch.",
    ["shard"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
BATCH_SECONDS: Final = Histogram(
    "ledger_batch_seconds",
    "From asking for the shard's lock to the end of its commit.",
    ["shard"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
)
EVENTS: Final = Counter("ledger_events", "Events committed.", ["shard"])
QUEUED: Final = Gauge(
    "ledger_lane_queued", "Commands waiting.", ["shard"], multiprocess_mode="livesum"
)
BATCHES_AGAIN: Final = Counter(
    "ledger_batches_run_again",
    "Batches run again after a lost connection or a conflict.",
    ["shard"],
)
COMMANDS_FAILED: Final = Counter("ledger_commands_failed", "Commands that raised: bugs.", ["shard"])
SWEEPER_LAG: Final = Gauge(
    "ledger_sweeper_lag_seconds",
    "For how long the oldest due of a shard has waited, wallets in quarantine aside.",
    ["shard"],
    multiprocess_mode="livemax",  # whoever does not sweep the shard says 0, or nothing
)
SWEEPER_DUES: Final = Counter("ledger_sweeper_dues", "Dues that the sweeper recorded.", ["shard"])
QUARANTINED: Final = Gauge(
    "ledger_quarantined_wallets",
    "Wallets whose dues raise, as the sweeper of the shard sees them.",
    ["shard"],
    multiprocess_mode="livemax",
)
UNSENT: Final = Gauge(
    "ledger_unsent",
    "Transfers, refunds and approved proposals that have waited for seconds, as the job sees them.",
    ["shard", "kind"],
    multiprocess_mode="livemax",
)
DIRECTORY_LAG: Final = Gauge(
    "ledger_directory_lag_events",
    "Events of a shard that the directory has not followed yet, as its job sees it.",
    ["shard"],
    multiprocess_mode="livemax",
)
