"""The doors of receptions: staff's and deputies', and the public's."""
