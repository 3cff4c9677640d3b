"""Chaos: the real suite under load and under faults at random, from a seed (`make chaos MINUTES=10 SEED=…`)."""
