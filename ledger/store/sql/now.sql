-- The service's clock: the database's, moved by the development offset.
SELECT
    (extract(EPOCH FROM clock_timestamp()) * 1000000)::bigint
    + coalesce((SELECT offset_us FROM development_clock), 0) AS now_us
