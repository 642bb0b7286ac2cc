"""Business flows, one a file: its commands and events, decide, evolve, legs and answers."""
