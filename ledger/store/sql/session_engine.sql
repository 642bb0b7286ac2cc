-- The engine's statements probe a few keys by index, however large or new the tables are: planning
-- them anew each time costs more than running them, and a plan made for empty tables must not scan.
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
