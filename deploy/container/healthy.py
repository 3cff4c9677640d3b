"""The health check of a service's container: exit status 0 when it can serve. Run as a file: it imports next to nothing."""

import socket
import sys

PORT = 8000
SECONDS = 3.0


def main() -> int:
    """0 when `/health/ready` answers 200, else 1."""
    try:
        with socket.create_connection(("127.0.0.1", PORT), SECONDS) as connection:
            connection.settimeout(SECONDS)
            connection.sendall(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return int(b" 200 " not in connection.recv(64))
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
