-- The movable clock of a development ledger.
INSERT INTO development_clock (singleton) VALUES (true) ON CONFLICT (singleton) DO NOTHING
