"""Who may say what on the bus, as data, and the nats-server configuration made from it."""
