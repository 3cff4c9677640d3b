"""`lianxin profile`: what a place's rules say, whether they hold together, and in what two places differ."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml

from deploy.cli.explained import console, explained
from deploy.local.errors import LocalError
from deploy.policy.check import check
from deploy.policy.diff import differences
from deploy.policy.explain import NoSuchKey, explain
from shared.profile import PROFILES, ProfileNotValid, version_of

profiles = typer.Typer(no_args_is_help=True, help="Policy profiles: the rules of a place as data.")

Place = Annotated[str, typer.Argument(help="a profile of deploy/profiles, or the path of one")]


@profiles.command("check")
def show_check(
    places: Annotated[list[str] | None, typer.Argument(help="profiles of deploy/profiles or paths; all when none is named")] = None,
) -> None:
    """Does it hold together? Schema, and what one section says of another. Exit status 1 when it does not."""
    paths = [path_of(place) for place in places] if places else sorted(PROFILES.glob("*.yaml"))
    sound = True
    for path in paths:
        faults = check(path)
        sound = sound and not faults
        for fault in faults:
            console.print(fault, markup=False)
        if not faults:
            console.print(f"{path.stem}: holds together 检查通过 ({version_of(path)})", markup=False)
    raise typer.Exit(0 if sound else 1)


@profiles.command("diff")
def show_diff(before: Place, after: Place) -> None:
    """What is different in the second, in words and in what it means for new cases."""
    with explained():
        try:
            found = differences(path_of(before), path_of(after))
        except ProfileNotValid as error:
            raise LocalError(str(error), "规则文件不能使用，请先执行 lianxin profile check。") from error
    for one in found:
        console.print(one.said, markup=False)
        if one.effect:
            console.print(f"    → {one.effect}", markup=False)
    console.print(
        f"{len(found)} differences. Cases keep what they were decided by 已决定的案件不受影响." if found else "No differences 没有不同.",
        markup=False,
    )


@profiles.command("explain")
def show_explain(
    place: Place, key: Annotated[str, typer.Argument(help="as routing.clocks.longest or routing.categories.land.lead")]
) -> None:
    """Where a value comes from, and which law or document is behind it."""
    with explained():
        try:
            found = explain(path_of(place), key)
        except NoSuchKey as error:
            raise LocalError(str(error), "没有这个键。") from error
        except ProfileNotValid as error:
            raise LocalError(str(error), "规则文件不能使用，请先执行 lianxin profile check。") from error
    console.print(f"{found.key} = {_shown(found.value)}", markup=False)
    for number, said in enumerate(found.said):
        role = "from 出自" if number == 0 else "over 覆盖或合并"
        console.print(f"  {role} {said.profile}, {said.path.name}:{said.line}: {_shown(said.value)}", markup=False)
        console.print(f"    source 依据: {said.source or 'none named: project default'}", markup=False)


def path_of(place: str) -> Path:
    """The file of a profile that was named or whose path was given."""
    return Path(place) if place.endswith((".yaml", ".yml")) else PROFILES / f"{place}.yaml"


def _shown(value: object) -> str:
    return yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10_000, sort_keys=False).removesuffix("\n...\n").strip()
