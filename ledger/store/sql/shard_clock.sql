-- When a shard recorded last and what the service's clock says, in microseconds; never before that.
SELECT
    (extract(EPOCH FROM shards.recorded_at) * 1000000)::bigint AS recorded_us,
    greatest(
        (extract(EPOCH FROM clock_timestamp()) * 1000000)::bigint
        + coalesce((SELECT offset_us FROM development_clock), 0),
        (extract(EPOCH FROM shards.recorded_at) * 1000000)::bigint
    ) AS now_us
FROM shards
WHERE shards.shard = $1
