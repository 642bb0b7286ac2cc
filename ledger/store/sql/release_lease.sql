-- Give a lease back before its end, so that the next owner need not wait for it.
DELETE FROM job_leases WHERE job = $1 AND owner = $2
