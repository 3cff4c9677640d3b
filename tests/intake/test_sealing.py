from __future__ import annotations

import base64
import uuid

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.intake.sealing import open_fields, read_master_key, seal_fields

MASTER = bytes(range(32))
OPINION, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


def opened(key: bytes, box: bytes, bound_to: str) -> bytes:
    assert box[:1] == b"\x01"
    return AESGCM(key).decrypt(box[1:13], box[13:], bound_to.encode())


def test_a_sealed_field_opens_with_the_matter_key_that_the_master_key_opens() -> None:
    wrapped, boxes = seal_fields(OPINION, MASTER, {"name": "王小明", "phone": None})
    key = opened(MASTER, wrapped, f"{OPINION}/key")
    assert boxes["name"] is not None
    assert opened(key, boxes["name"], f"{OPINION}/name").decode() == "王小明"
    assert boxes["phone"] is None


def test_a_box_moved_to_another_row_or_field_does_not_open() -> None:
    wrapped, boxes = seal_fields(OPINION, MASTER, {"name": "王小明"})
    key = opened(MASTER, wrapped, f"{OPINION}/key")
    assert boxes["name"] is not None
    for place in (f"{OTHER}/name", f"{OPINION}/phone"):
        with pytest.raises(InvalidTag):
            opened(key, boxes["name"], place)
    with pytest.raises(InvalidTag):
        opened(MASTER, wrapped, f"{OTHER}/key")


def test_what_was_sealed_opens_for_the_same_matter_and_for_no_other() -> None:
    wrapped, boxes = seal_fields(OPINION, MASTER, {"phone": "13912345678", "address": None})
    assert open_fields(OPINION, MASTER, wrapped, boxes) == {"phone": "13912345678", "address": None}
    with pytest.raises(InvalidTag):
        open_fields(OTHER, MASTER, wrapped, boxes)
    with pytest.raises(InvalidTag):
        open_fields(OPINION, MASTER, wrapped, {"address": boxes["phone"]})
    assert boxes["phone"] is not None
    with pytest.raises(ValueError, match="scheme"):
        open_fields(OPINION, MASTER, wrapped, {"phone": b"\x02" + boxes["phone"][1:]})


def test_two_matters_never_share_a_key() -> None:
    first, second = (opened(MASTER, seal_fields(o, MASTER, {})[0], f"{o}/key") for o in (OPINION, OTHER))
    assert first != second


@pytest.mark.parametrize("encoded", ["", "short", base64.b64encode(bytes(16)).decode(), base64.b64encode(bytes(33)).decode(), "*" * 44])
def test_a_master_key_of_another_size_is_refused(encoded: str) -> None:
    with pytest.raises(ValueError, match=r"master key|base64|padding|decoded"):
        read_master_key(encoded)


def test_a_master_key_is_read_in_either_alphabet_padded_or_not() -> None:
    key = bytes(range(224, 256))
    for encoded in (base64.b64encode(key), base64.urlsafe_b64encode(key), base64.urlsafe_b64encode(key).rstrip(b"=")):
        assert read_master_key(encoded.decode()) == key
