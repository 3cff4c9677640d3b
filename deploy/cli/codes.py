"""`lianxin code revoke`: ends a leaked QR code, through the suite's own door and as the administrator who may."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from pathlib import Path
from typing import Annotated, Any

import segno
import typer
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.cli.explained import console, explained
from deploy.local.backends import Backends
from deploy.local.demo_client import Api, Refusal
from deploy.local.errors import LocalError
from deploy.local.settings import RunSettings, read_settings

KNOWN_WITHIN = 15.0
"""Seconds in which intake has heard of a revocation when events flow; five is what is promised."""

codes = typer.Typer(no_args_is_help=True, help="QR codes of stations and deputies, as the security administrator.")


@codes.callback()
def _group() -> None:
    """Keeps `revoke` a command of its own although it is the only one."""


Scanned = Annotated[str, typer.Argument(help="what the picture says (the whole address or its last part), or the code's id")]
Username = Annotated[str, typer.Option(help="who signs in: a security administrator")]
Password = Annotated[str, typer.Option(prompt="Password 密码", hide_input=True, envvar="LIANXIN_PASSWORD", help="asked for when not given")]


@codes.command("revoke")
def revoke(
    scanned: Scanned,
    password: Password,
    username: Username = "secadmin",
    successor: Annotated[Path | None, typer.Option(help="issue a new code in its place and write its picture (SVG) here")] = None,
) -> None:
    """Ends a code: intake refuses it within seconds. With --successor the place gets a new one at once."""
    with explained():
        try:
            asyncio.run(_end(scanned, {"username": username, "password": password}, successor))
        except Refusal as refusal:
            raise LocalError(f"The suite refused: {refusal.status} {refusal.code}.", refusal.detail or "系统拒绝了请求。") from refusal


async def _end(scanned: str, account: dict[str, str], successor: Path | None) -> None:
    settings = read_settings()
    async with Api(settings.url, patience=10) as api:
        token = await api.sign_in(account)
        row = await _find(api, token, scanned)
        action = "rotate" if successor else "revoke"
        answer = await api.post(f"/api/directory/codes/{row['id']}/{action}", token=token, version=row["version"])
    console.print(f"已吊销 revoked: {row['kind']} {row['id']}", markup=False)
    if successor:
        segno.make(answer["public_url"], error="m", micro=False).save(str(successor), kind="svg", scale=4, border=4)
        console.print(f"新码 successor: {answer['public_url']}\n图片 picture: {successor}", markup=False)
    seconds = await _until_refused(settings, row["id"])
    console.print(f"受理服务已拒绝该码 intake refuses it: {seconds:.1f} s", markup=False)


async def _find(api: Api, token: str, scanned: str) -> dict[str, Any]:
    """The valid code that was meant. Raises LocalError when there is none."""
    plain = re.split(r"[?#]", scanned.strip())[0].rstrip("/").rpartition("/")[2]
    found = [row for row in await api.all("/api/directory/codes", token=token) if plain in (row["code"], row["id"])]
    if not found:
        raise LocalError(f"There is no code {plain}.", f"没有这个二维码：{plain}。")
    if found[0]["status"] != "issued":
        raise LocalError(f"The code has ended already: {found[0]['status']}.", f"该二维码已失效（{found[0]['status']}）。")
    return dict(found[0])


async def _until_refused(settings: RunSettings, code_id: str) -> float:
    """Waits until intake knows of it; after how many seconds. Raises LocalError: the code has ended, but its news is stuck."""
    engine = create_async_engine(Backends(settings, ["intake"]).database.url("intake"))
    begun, why = time.monotonic(), "no news within the time"
    try:
        while time.monotonic() < begun + KNOWN_WITHIN:
            async with engine.connect() as connection:
                if await connection.scalar(text("SELECT 1 FROM revoked_code WHERE code_id = :id"), {"id": uuid.UUID(code_id)}):
                    return time.monotonic() - begun
            await asyncio.sleep(0.2)
    except (OSError, DBAPIError) as error:
        why = type(error).__name__
    finally:
        await engine.dispose()
    raise LocalError(
        f"The code has ended, but intake has not heard of it yet ({why}): see `lianxin doctor`. It does as soon as events flow again.",
        f"二维码已吊销，但受理服务尚未得知（{why}）；请执行 lianxin doctor，事件恢复流动后立即生效。",
    )
