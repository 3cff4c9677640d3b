"""Understanding: which category a text belongs to, how sure that is, and what the desk said of it."""
