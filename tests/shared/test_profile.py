"""A profile says only what differs from the one that it extends; what it is recorded as names them all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ConfigDict

from shared.profile import ProfileNotValid, layers, load, over, version_of, whole


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid")

    profile_version: str
    days: int
    names: list[str]
    labels: dict[str, str]


def write(folder: Path, name: str, **said: Any) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"profile": name, "version": 1, **said}, allow_unicode=True), "utf-8")
    return path


BASE = {"part": {"days": 5, "names": ["a", "b"], "labels": {"A": "甲", "B": "乙"}}}


def test_a_place_says_only_what_differs(tmp_path: Path) -> None:
    write(tmp_path, "base", **BASE)
    place = write(tmp_path, "place", extends="base", part={"days": 7, "names": ["c"], "labels": {"B": None, "C": "丙"}})
    section = load(place, "part", Section)
    assert (section.days, section.names, section.labels) == (7, ["c"], {"A": "甲", "C": "丙"})
    assert section.profile_version == version_of(place) == "place@1+base@1"


def test_what_the_place_leaves_unsaid_is_inherited_whole(tmp_path: Path) -> None:
    base = write(tmp_path, "base", **BASE)
    place = write(tmp_path, "place", extends="base")
    own, inherited = load(base, "part", Section), load(place, "part", Section)
    assert own.model_dump(exclude={"profile_version"}) == inherited.model_dump(exclude={"profile_version"})


def test_a_chain_is_laid_over_from_its_end_so_that_what_was_taken_out_stays_out(tmp_path: Path) -> None:
    write(tmp_path, "nation", **BASE)
    write(tmp_path, "province", extends="nation", part={"days": 6})
    place = write(tmp_path, "place", extends="province", part={"labels": {"A": None}})
    section = load(place, "part", Section)
    assert (section.days, section.labels) == (6, {"B": "乙"})
    assert [layer.name for layer in layers(place)] == ["place@1", "province@1", "nation@1"]


def test_what_a_reader_does_to_a_profile_changes_it_for_nobody(tmp_path: Path) -> None:
    base = write(tmp_path, "base", **BASE)
    place = write(tmp_path, "place", extends="base")
    whole(place)["part"]["labels"]["A"] = "changed"
    assert whole(place)["part"]["labels"]["A"] == whole(base)["part"]["labels"]["A"] == "甲"


@pytest.mark.parametrize(
    ("said", "why"),
    [({"extends": "nowhere"}, "no such profile"), ({"extends": "place"}, "extends this profile itself"), ({"extends": "other"}, "itself")],
)
def test_a_chain_that_leads_nowhere_or_back_is_refused(tmp_path: Path, said: dict[str, str], why: str) -> None:
    write(tmp_path, "other", extends="place")
    with pytest.raises(ProfileNotValid, match=why):
        whole(write(tmp_path, "place", **said))


def test_a_profile_in_another_folder_finds_the_national_one(tmp_path: Path) -> None:
    place = write(tmp_path, "anywhere", extends="national")
    assert version_of(place) == "anywhere@1+national@1"
    assert {"intake", "routing"} <= whole(place).keys()


def test_null_takes_a_key_out_and_only_where_it_is_said() -> None:
    assert over({"a": None}, {"a": 1, "b": None}) == {"b": None}
    assert over({"a": {"b": None}}, {"a": {"b": 1, "c": 2}}) == {"a": {"c": 2}}
    assert over([1], [2, 3]) == [1]
