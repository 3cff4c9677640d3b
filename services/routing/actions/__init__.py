"""The verbs: the only code that writes. Each changes rows and emits what it did in one transaction."""
