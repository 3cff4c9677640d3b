"""The verbs on receptions, by what they are about."""
