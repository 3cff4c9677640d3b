"""House rules that no other tool holds: `python -m tests.house`. Prints each breach and ends with 1 when there is one."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 300
_SESSION_COMMIT = re.compile(r"\.commit\(\)")
_REGISTRY = re.compile("|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", "npm" + r"js\.", "registry" + r"\.npm")))


def files() -> list[Path]:
    """Every file that git tracks or would track."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def breaches() -> Iterator[str]:
    """Each breach of a house rule as `file: what`."""
    for path in files():
        name = str(path.relative_to(ROOT))
        if path.suffix in (".py", ".yaml", ".md", ".lock", ".toml", ".json", ".ts", ".vue", "") and path.stat().st_size < 2_000_000:
            text = path.read_text("utf-8", errors="replace")
            if _REGISTRY.search(text):
                yield f"{name}: names a package registry's host"
        if path.suffix == ".py":
            yield from _python(path, name)


def _python(path: Path, name: str) -> Iterator[str]:
    text = path.read_text("utf-8")
    lines = text.count("\n")
    if lines > LONGEST and "over 300 lines because" not in text[:1500]:
        yield f"{name}: {lines} lines; split it by noun, or say in its head why it is «over 300 lines because …»"
    if name.startswith("services/") and _SESSION_COMMIT.search(text) and "/migrations/" not in name:
        yield f"{name}: commits; only shared/db.py does"


def main() -> int:
    """Prints the breaches."""
    found = list(breaches())
    for breach in found:
        print(breach)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
