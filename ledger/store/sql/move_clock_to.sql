-- Move the development clock to an instant, if that is not back; answers the new time, or no row.
UPDATE development_clock
SET offset_us = $1::bigint - (extract(EPOCH FROM clock_timestamp()) * 1000000)::bigint
WHERE $1::bigint - (extract(EPOCH FROM clock_timestamp()) * 1000000)::bigint >= offset_us
RETURNING $1::bigint AS now_us
