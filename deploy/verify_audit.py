"""Checks an exported audit without the suite: `python verify_audit.py ROWS CHECKPOINTS KEYS`. Ends with 1 and names the first bad row.

ROWS is what `lianxin audit export` writes, CHECKPOINTS what `lianxin audit checkpoints` writes, KEYS what `lianxin audit keys`
wrote when you last trusted it. Needs Python 3.11 and `cryptography`, nothing else; what it checks is in docs/decisions/0016-audit.md.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CONTENT = ("seq", "at", "actor", "action", "object", "outcome", "request_id", "trace_id", "body_hash")
"""What a row's hash covers, in this order."""

Keys = dict[tuple[str, bytes], Ed25519PublicKey]


class Bad(Exception):
    """The first row at which something is wrong, and what."""

    def __init__(self, seq: int, what: str) -> None:
        super().__init__(f"row {seq}: {what}")
        self.seq, self.what = seq, what


@dataclass(frozen=True)
class Checkpoint:
    """What a service signed: its chain had `size` rows, the last with the hash `head`."""

    origin: str
    size: int
    head: bytes
    at: str


def read_keys(text: str) -> Keys:
    """Public keys, one a line: `<name>+<id in hex>+<base64 of 1 and the key>` (C2SP signed-note)."""
    keys: Keys = {}
    for line in filter(None, text.split("\n")):
        name, _, rest = line.partition("+")
        public = base64.b64decode(rest.partition("+")[2], validate=True)
        keys[name, hashlib.sha256(f"{name}\n".encode() + public).digest()[:4]] = Ed25519PublicKey.from_public_bytes(public[1:])
    return keys


def read_checkpoints(text: str, keys: Keys) -> tuple[list[Checkpoint], list[str]]:
    """The checkpoints in a text of signed notes, and what is wrong with those that do not count."""
    good, wrong = [], []
    for signed, signatures in _notes(text):
        origin, size, head, at = signed.split("\n")[:4]
        named = f"checkpoint of {origin}, {size} rows, {at}"
        found = [(name, base64.b64decode(value)) for name, value in (line[2:].split(" ") for line in signatures) if name == origin]
        known = [(keys[name, value[:4]], value[4:]) for name, value in found if (name, value[:4]) in keys]
        if not known:
            wrong.append(f"{named}: no signature by a known key")
        elif not all(_holds(key, signature, signed) for key, signature in known):
            wrong.append(f"{named}: the signature is wrong")
        else:
            good.append(Checkpoint(origin, int(size), base64.b64decode(head), at))
    return good, wrong


def _notes(text: str) -> Iterator[tuple[str, list[str]]]:
    lines = [*text.split("\n"), ""]
    start = 0
    while start < len(lines) and any(lines[start:]):
        empty = lines.index("", start)
        end = empty + 1
        while end < len(lines) and lines[end].startswith("— "):
            end += 1
        yield "\n".join(lines[start:empty]) + "\n", lines[empty + 1 : end]
        start = end


def _holds(key: Ed25519PublicKey, signature: bytes, signed: str) -> bool:
    try:
        key.verify(signature, signed.encode())
    except InvalidSignature:
        return False
    return True


class Walk:
    """Takes the rows of one chain in the order of their numbers. Raises Bad at the first that does not fit."""

    def __init__(self, origin: str, checkpoints: Iterable[Checkpoint]) -> None:
        self.count = self.covered = 0
        self._last, self._before = hashlib.sha256(origin.encode()).digest(), b""
        self._signed: dict[int, list[Checkpoint]] = {}
        for checkpoint in (c for c in checkpoints if c.origin == origin):
            self._signed.setdefault(checkpoint.size, []).append(checkpoint)

    def take(self, content: Sequence[Any], prev: bytes, hashed: bytes) -> None:
        """One row: the values of CONTENT, the hash before it and its own."""
        seq = content[0]
        if seq != self.count + 1:
            raise Bad(self.count + 1, f"missing, the next is {seq}")
        fits = hashlib.sha256(prev + json.dumps(content, separators=(",", ":")).encode()).digest() == hashed
        if prev != self._last and self.count and (fits or prev == self._before):
            raise Bad(self.count, "changed together with its hash, or put in afterwards: the next row was sealed behind another")
        if prev != self._last or not fits:
            raise Bad(seq, "changed: its hash does not fit what it says")
        self.count, self._before, self._last = seq, prev, hashed
        for checkpoint in self._signed.get(seq, ()):
            if checkpoint.head != hashed:
                raise Bad(
                    self.covered + 1, f"the chain was written anew, from here at the earliest: row {seq} was another at {checkpoint.at}"
                )
            self.covered = seq

    def end(self) -> None:
        """After the last row."""
        newest = max(self._signed, default=0)
        if newest > self.count:
            at = self._signed[newest][0].at
            raise Bad(self.count + 1, f"missing, with all up to {newest}: so many rows were signed for at {at}")


def main(rows: str, checkpoints: str, keys: str) -> int:
    """Checks one exported chain and says what it found."""
    with open(keys, encoding="utf-8") as file:
        known = read_keys(file.read())
    with open(checkpoints, encoding="utf-8") as file:
        good, wrong = read_checkpoints(file.read(), known)
    for line in wrong:
        print(line)
    with open(rows, encoding="utf-8") as file:
        walk = Walk(json.loads(file.readline())["origin"], good)
        try:
            for line in file:
                row = json.loads(line)
                walk.take([row[name] for name in CONTENT], bytes.fromhex(row["prev"]), bytes.fromhex(row["hash"]))
            walk.end()
        except Bad as bad:
            print(bad)
            return 1
    print(f"{walk.count} rows fit; checkpoints cover {walk.covered}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
