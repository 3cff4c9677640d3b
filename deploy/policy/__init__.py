"""Policy profiles as an operator sees them: do they hold together, in what do they differ, where does a value come from."""
