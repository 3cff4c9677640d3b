"""The doors of suggestions: deputies', offices' and advisers', and the public's."""
