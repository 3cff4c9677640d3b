"""What `make evaluate` leaves: JSON, a page, a table on the screen, and a list of labels to look at that stays on this machine."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.training.messages import Message
from shared.settings import ROOT
from tests.bench.figures import Figure, machine, missed, tree
from tests.evaluate import measures
from tests.evaluate.folds import Said

RESULTS = Path(__file__).parent / "results"
PAGE = ROOT / "docs" / "classifier.md"
_PACKAGES = ("numpy", "scipy", "scikit-learn")


def suspects(messages: Sequence[Message], said: Said) -> list[dict[str, Any]]:
    """The labels that look wrong, by the hash of the message."""
    return [
        {
            "message": f"{messages[at].digest:064x}"[:16],
            "label": said.categories[said.wanted[at]],
            "found": said.categories[said.found[at]],
            "confidence": round(float(said.values[at].max()), 4),
        }
        for at in measures.suspects(said)
    ]


def conclude(
    found: Sequence[Figure], source: dict[str, Any], details: dict[str, Any], messages: Sequence[Message], said: Said, console: Console
) -> int:
    """Writes and shows what was found. 0: all floors are reached, 1: one is missed."""
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "tree": tree(),
        "machine": machine(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "data": source,
        "missed": missed(found),
        "figures": [figure.as_json() for figure in found],
        **details,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latest.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    readable = "\n".join(_readable(messages, said, at) for at in measures.suspects(said))
    (RESULTS / "wrong-labels.txt").write_text(readable + "\n", "utf-8")
    PAGE.write_text(page(result), "utf-8")
    show(result, console)
    return 1 if result["missed"] else 0


def _readable(messages: Sequence[Message], said: Said, at: int) -> str:
    found, label = said.categories[said.found[at]], said.categories[said.wanted[at]]
    text = " ".join(messages[at].text.split())[:120]
    return f"{said.values[at].max():.3f}\t{label}\t{found}\t{messages[at].title}\t{text}"


def show(result: dict[str, Any], console: Console) -> None:
    """The figures, the confusion matrix and what was missed."""
    for figure in result["figures"]:
        bound = "" if figure["floor"] is None else f"   (floor {figure['floor']:g}, {figure['verdict']})"
        console.print(f"{figure['name']}={figure['value']:g} {figure['unit']}{bound}", markup=False)
    categories = result["data"]["categories"]
    table = Table("label \\ found", *categories)
    for category, row in zip(categories, result["ours"]["confusion"], strict=True):
        table.add_row(category, *map(str, row))
    console.print(table)
    for kind, one in result["together"].items():
        console.print(f"{kind}: decides {one['decided']:.1%}, of these right {one['right']:.1%}", markup=False)
    console.print(f"{len(result['wrong_labels'])} labels look wrong: {RESULTS / 'wrong-labels.txt'}", markup=False)
    for line in result["missed"]:
        console.print(f"MISSED {line}", style="red", markup=False)


def page(result: dict[str, Any]) -> str:
    """docs/classifier.md."""
    data, found = result["data"], result["versions"]
    lines = [
        "# The classifier in figures",
        "",
        "Written by `make evaluate` from `tests/evaluate/results/latest.json`; what it is and why: decision record 0022.",
        f"{data['messages']} labelled messages in five folds by sha256(title + text) mod 5; each was judged by a model that had not seen",
        "its fold, calibration included. The control is a TF-IDF of character 1-3-grams with a linear support vector machine, as it comes.",
        "",
        f"{result['at']} · commit {str(result['tree']['commit'])[:12]} · {result['machine']['cpu']} · "
        + ", ".join(f"{name} {number}" for name, number in found.items()),
        "",
        "All floors are reached." if not result["missed"] else "**Floors missed:** " + "; ".join(result["missed"]),
        "",
        "| figure | value | unit | floor | aim | reaches |",
        "|---|---:|---|---:|---:|---|",
    ]
    for f in result["figures"]:
        bounds = " | ".join("" if f[name] is None else f"{f[name]:g}" for name in ("floor", "aim"))
        lines.append(f"| {f['name']} | {f['value']:g} | {f['unit']} | {bounds} | {f['verdict']} |")
    return "\n".join([*lines, *_matrix(result), *_together(result), *_calibration(result), *_wrong(result)]) + "\n"


def _matrix(result: dict[str, Any]) -> list[str]:
    categories, ours = result["data"]["categories"], result["ours"]
    lines = ["", "## Confusion matrix", "", f"| label \\ found | {' | '.join(categories)} | F1 | F1 of the control |"]
    lines.append("|---|" + "---:|" * (len(categories) + 2))
    for category, row in zip(categories, ours["confusion"], strict=True):
        both = f"{ours['f1'][category]:.3f} | {result['control']['f1'][category]:.3f}"
        lines.append(f"| {category} | {' | '.join(map(str, row))} | {both} |")
    return lines


def _together(result: dict[str, Any]) -> list[str]:
    lines = ["", "## Rules and model", "", "| who decides | decided | of these right |", "|---|---:|---:|"]
    return lines + [f"| {kind} | {one['decided']:.1%} | {one['right']:.1%} |" for kind, one in result["together"].items()]


def _calibration(result: dict[str, Any]) -> list[str]:
    lines = ["", "## Is a probability what it says?", "", "| from | messages | told, mean | right |", "|---:|---:|---:|---:|"]
    return lines + [f"| {b['from']:g} | {b['messages']} | {b['told']:.3f} | {b['right']:.3f} |" for b in result["ours"]["calibration"]]


def _wrong(result: dict[str, Any]) -> list[str]:
    number, share = len(result["wrong_labels"]), measures.SURELY_WRONG
    return [
        "",
        "## Labels that look wrong",
        "",
        f"{number} messages, of which a model that had not seen them says another category with a probability of {share:g} or more: in the",
        "JSON by the hash of title and text, readable in `tests/evaluate/results/wrong-labels.txt` on the machine that evaluated.",
    ]
