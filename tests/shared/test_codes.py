"""Codes: what is signed is read back, and nothing else is."""

from __future__ import annotations

import uuid
from typing import get_args

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.codes import Code, CodeNotGenuine, read, sign
from shared.events.directory import CodeKind

KEY = Ed25519PrivateKey.generate()
PRIVATE, PUBLIC = KEY.private_bytes_raw(), KEY.public_key().public_bytes_raw()
OTHER = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
CODE = Code("station", uuid.uuid4(), uuid.uuid4(), "320412102")


@given(
    kind=st.sampled_from(get_args(CodeKind)),
    code_id=st.uuids(),
    target_id=st.uuids(),
    region=st.sampled_from(["320412", "320412102", "320412102003", "999999999999"]),
)
@settings(max_examples=50)
def test_what_was_signed_is_read_back(kind: CodeKind, code_id: uuid.UUID, target_id: uuid.UUID, region: str) -> None:
    code = Code(kind, code_id, target_id, region)
    assert read(sign(code, PRIVATE), [OTHER, PUBLIC]) == code


def test_a_code_fits_a_qr_code_and_an_address() -> None:
    text = sign(CODE, PRIVATE)
    assert len(text) == 138
    assert text.replace("-", "").replace("_", "").isalnum()


def test_a_zone_has_no_number_in_the_code() -> None:
    assert read(sign(Code("deputy", CODE.code_id, CODE.target_id, "320412gxq"), PRIVATE), [PUBLIC]).region == ""


def test_a_code_of_an_unknown_key_is_not_genuine() -> None:
    with pytest.raises(CodeNotGenuine):
        read(sign(CODE, PRIVATE), [OTHER])
    with pytest.raises(CodeNotGenuine):
        read(sign(CODE, PRIVATE), [])


@given(place=st.integers(0, 137), letter=st.sampled_from("ABCDEFGHabcdefgh0123456789-_"))
@settings(max_examples=150)
def test_no_character_can_be_changed(place: int, letter: str) -> None:
    text = sign(CODE, PRIVATE)
    changed = text[:place] + letter + text[place + 1 :]
    if changed != text:
        with pytest.raises(CodeNotGenuine):
            read(changed, [PUBLIC])


@given(st.text(max_size=200))
@settings(max_examples=100)
def test_no_text_makes_reading_fail_otherwise(text: str) -> None:
    with pytest.raises(CodeNotGenuine):
        read(text, [PUBLIC, b"too short"])


def test_padding_and_white_space_are_not_accepted() -> None:
    text = sign(CODE, PRIVATE)
    for changed in (text + "=", text + "==", text + "\n", " " + text):
        with pytest.raises(CodeNotGenuine):
            read(changed, [PUBLIC])


def test_a_region_of_no_known_length_is_not_signed() -> None:
    for region in ("32041", "032041", "3204121020031"):
        with pytest.raises(ValueError, match="digits"):
            sign(Code("station", CODE.code_id, CODE.target_id, region), PRIVATE)
