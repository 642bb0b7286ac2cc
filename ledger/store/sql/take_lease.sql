-- Take a job's lease, or keep it: a row says that it is this owner's until its end; none that it is
-- another's. Whoever finds it taken writes nothing. Leases run by real time.
INSERT INTO job_leases (job, owner, until)
SELECT $1, $2, clock_timestamp() + $3::integer * INTERVAL '1 second'
WHERE NOT EXISTS (
    SELECT 1 FROM job_leases WHERE job = $1 AND owner <> $2 AND until > clock_timestamp()
)
ON CONFLICT ON CONSTRAINT job_leases_pkey DO UPDATE SET
    owner = excluded.owner,
    until = excluded.until
WHERE job_leases.owner = excluded.owner OR job_leases.until <= clock_timestamp()
RETURNING job
