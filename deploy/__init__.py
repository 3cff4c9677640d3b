"""How Lianxin is run: the one-command suite, the NATS permissions, profiles and deployment files."""
