-- Count grants against their caller's cap of a day, and forget those of a month ago.
WITH forgotten AS (
    DELETE FROM capped_grants WHERE caller = $1 AND day < DATE '1970-01-01' + $2::integer - 31
)

INSERT INTO capped_grants (caller, day, wallet, key_hash, currency, amount)
SELECT $1, DATE '1970-01-01' + $2::integer, given.*
FROM unnest($3::text [], $4::bytea [], $5::smallint [], $6::bigint [])
    AS given (wallet, counted_as, currency, amount)
ON CONFLICT ON CONSTRAINT capped_grants_pkey DO NOTHING
