-- How the sandbox channel answers refunds; no row means the default.
SELECT coalesce((SELECT refunds FROM sandbox_behaviour), 'succeed')
