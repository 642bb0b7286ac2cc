-- The smallest durable change: what one commit costs here.
INSERT INTO bench.commits (number) VALUES ($1)
