"""How well intake understands, measured on real material that is read where it lies."""
