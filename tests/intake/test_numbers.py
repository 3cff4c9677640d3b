from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from services.intake import numbers


def test_a_number_carries_site_and_year_and_no_ambiguous_letter() -> None:
    number = numbers.new_number("320412", datetime(2026, 5, 1, tzinfo=UTC))
    assert re.fullmatch(r"320412-2026-[0-9A-HJKMNP-TV-Z]{8}", number)


def test_the_year_of_a_number_is_the_one_on_the_wall_in_china() -> None:
    assert numbers.new_number("320412", datetime(2026, 12, 31, 15, 59, tzinfo=UTC)).startswith("320412-2026-")
    assert numbers.new_number("320412", datetime(2026, 12, 31, 16, 0, tzinfo=UTC)).startswith("320412-2027-")


def test_numbers_and_codes_do_not_repeat() -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    assert len({numbers.new_number("320412", at) for _ in range(2000)}) == 2000
    assert len({numbers.new_lookup_code() for _ in range(2000)}) == 2000


def test_a_lookup_code_has_twelve_characters_in_groups_of_four() -> None:
    assert re.fullmatch(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){2}[0-9A-HJKMNP-TV-Z]{4}", numbers.new_lookup_code())


@pytest.mark.parametrize("typed", ["7K01-9F2M-ABCD", "7k01 9f2m abcd", "7KO1-9F2M-ABCD", " 7KOI9F2MABCD", "7kol–9f2m–abcd"])
def test_a_lookup_code_is_read_as_a_person_would_type_it(typed: str) -> None:
    salt, kept = numbers.hash_lookup_code("7K01-9F2M-ABCD")
    assert numbers.fits(typed, salt, kept)


@pytest.mark.parametrize("typed", ["", "7K01-9F2M-ABCE", "7K01-9F2M", "7K01-9F2M-ABCD-0", "７Ｋ０１-９Ｆ２Ｍ-ＡＢＣＸ"])
def test_another_code_does_not_fit(typed: str) -> None:
    salt, kept = numbers.hash_lookup_code("7K01-9F2M-ABCD")
    assert not numbers.fits(typed, salt, kept)


def test_the_same_code_is_kept_differently_each_time_and_never_plain() -> None:
    first, second = numbers.hash_lookup_code("7K01-9F2M-ABCD"), numbers.hash_lookup_code("7K01-9F2M-ABCD")
    assert first != second
    assert b"7K01" not in b"".join(first)
