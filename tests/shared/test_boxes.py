"""A box opens with the private key of the one it was sealed for, in the place it was sealed for, and with nothing else."""

from __future__ import annotations

import base64

import pytest
from cryptography.exceptions import InvalidTag

from shared.boxes import new_pair, open_box, seal_for

PHONE = "13912345678"


def test_a_box_opens_with_the_private_key_only_and_no_two_are_alike() -> None:
    private, public = new_pair()
    other, _ = new_pair()
    boxes = [seal_for(public, PHONE, "matter") for _ in range(2)]
    assert boxes[0] != boxes[1] and PHONE.encode() not in base64.b64decode(boxes[0])
    assert [open_box(private, box, "matter") for box in boxes] == [PHONE, PHONE]
    with pytest.raises(InvalidTag):
        open_box(other, boxes[0], "matter")


def test_a_box_opens_in_its_own_place_only() -> None:
    private, public = new_pair()
    with pytest.raises(InvalidTag):
        open_box(private, seal_for(public, PHONE, "matter"), "another matter")


@pytest.mark.parametrize("at", [1, 40, -1])
def test_a_box_that_was_changed_does_not_open(at: int) -> None:
    private, public = new_pair()
    raw = bytearray(base64.b64decode(seal_for(public, PHONE, "matter")))
    raw[at] ^= 1
    with pytest.raises(InvalidTag):
        open_box(private, base64.b64encode(raw).decode(), "matter")


def test_what_is_no_key_and_what_is_no_box_is_refused() -> None:
    private, _ = new_pair()
    for public in ("###", base64.b64encode(b"short").decode()):
        with pytest.raises(ValueError):  # noqa: PT011 - of the library, in its own words
            seal_for(public, PHONE, "matter")
    with pytest.raises(ValueError, match="scheme"):
        open_box(private, base64.b64encode(b"\x02" + bytes(60)).decode(), "matter")
