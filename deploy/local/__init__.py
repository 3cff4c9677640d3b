"""The one-command suite: embedded PostgreSQL and NATS, and a parent process that forks the services."""
