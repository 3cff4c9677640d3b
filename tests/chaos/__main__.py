"""`python -m tests.chaos --minutes 10 --seed 7 [--break inbox|outbox|ack]`: exit status 0 green, 1 red, 3 a BREAK that did not show."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time

from tests.chaos.broken import BREAKS
from tests.chaos.run import Chosen, run


def main() -> int:
    """Runs chaos and says what it came to."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", default="", help="a number; empty: another one each time")
    parser.add_argument(
        "--break", dest="broken", default="", choices=["", *BREAKS], help="switch off one guarantee: the run has to end red"
    )
    parser.add_argument("--rate", type=float, default=10.0, help="opinions offered a second (13 is all that two cores can do)")
    parser.add_argument("--scale", default="routing=2 intake=2", help="replicas, as for `make run`")
    parser.add_argument("--keep", action="store_true", help="leave the run's folder with its logs")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever stops the run stops the suite with it
    seed = int(given.seed) if given.seed else int(time.time()) % 1_000_000
    return asyncio.run(run(Chosen(given.minutes, seed, given.broken, given.rate, given.scale, given.keep)))


if __name__ == "__main__":
    sys.exit(main())
