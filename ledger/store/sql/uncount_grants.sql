-- Take back what was counted for grants that were not made: those refused, and those of which no
-- event of that day is in the log.
DELETE FROM capped_grants
USING unnest($3::smallint [], $4::text [], $5::bytea [], $6::bytea [], $7::boolean [])
    AS given (shard, wallet, key_hash, counted_as, refused)
WHERE
    capped_grants.caller = $1
    AND capped_grants.day = DATE '1970-01-01' + $2::integer
    AND capped_grants.wallet = given.wallet
    AND capped_grants.key_hash = given.counted_as
    AND (
        given.refused
        OR NOT EXISTS (
            SELECT 1
            FROM requests
            INNER JOIN events
                ON
                    requests.shard = events.shard
                    AND requests.wallet = events.wallet
                    AND requests.seq = events.seq
            WHERE
                requests.shard = given.shard
                AND requests.wallet = given.wallet
                AND requests.caller = $1
                AND requests.key_hash = given.key_hash
                AND (events.recorded_at AT TIME ZONE 'Asia/Shanghai')::date = capped_grants.day
        )
    )
