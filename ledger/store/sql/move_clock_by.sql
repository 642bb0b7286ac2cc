-- Move the development clock forward by microseconds; answers the new time.
UPDATE development_clock SET offset_us = offset_us + $1::bigint
RETURNING (extract(EPOCH FROM clock_timestamp()) * 1000000)::bigint + offset_us AS now_us
