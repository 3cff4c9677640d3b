"""`python -m tests.chaos.tiny`: processes of the kit's tiny service, each as the chaos run has its services.

Reads an environment (a JSON object) a line, forks a process with it, prints its pid, and its exit status once it has ended.
One parent for all: a process that has to import everything anew takes two seconds of a processor.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys

from deploy.local.processes import die_with_parent
from shared import crash
from tests.chaos import broken
from tests.chaos.supervisor import BREAK
from tests.shared import service


def main() -> None:
    """Until the end of the input."""
    die_with_parent(os.getppid(), signal.SIGKILL)
    for line in sys.stdin:
        parent, pid = os.getpid(), os.fork()
        if not pid:
            die_with_parent(parent, signal.SIGKILL)
            _serve(json.loads(line))
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _serve(environment: dict[str, str]) -> None:
    os.dup2(2, 1)  # the output is for the parent's answers
    os.environ.update(environment)
    importlib.reload(crash)  # it reads the environment when it is imported
    if BREAK in environment:
        broken.observe()
    if name := environment.get(BREAK):
        broken.BREAKS[name]()
    try:
        service.main()
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
