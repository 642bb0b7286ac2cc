-- Say how the sandbox channel answers refunds from now on.
INSERT INTO sandbox_behaviour (refunds) VALUES ($1)
ON CONFLICT ON CONSTRAINT sandbox_behaviour_pkey DO UPDATE SET refunds = excluded.refunds
