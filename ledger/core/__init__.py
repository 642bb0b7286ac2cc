"""The pure core: no await, clock, uuid, random, environment, logging or float."""
