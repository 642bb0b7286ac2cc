-- The engine's statements probe a few keys by index, however large or new the tables are: planning
-- them anew each time costs more than running them, and a plan made for empty tables must not scan.
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
-- A process that stops while a statement is being prepared is not idle to the server: only this ends
-- its batch and frees the shard. Postgres has it since 17.
SELECT set_config(name, '25s', false) FROM pg_settings WHERE name = 'transaction_timeout';
