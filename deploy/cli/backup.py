"""`lianxin backup` and `lianxin restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy import backup as backups
from deploy.cli.explained import console, explained
from deploy.local.settings import read_settings

Folder = Annotated[Path, typer.Argument(help="a folder that `lianxin backup` has made")]


def backup(to: Annotated[Path | None, typer.Option(help="where the backup's folder is made; better on another disk")] = None) -> None:
    """Backs up all databases, streams and keys to one consistent point, also while the suite works."""
    with explained():
        made = backups.backup(read_settings(), to)
    manifest = made.manifest
    console.print(f"{made.folder}", style="bold", markup=False)
    events = sum(int(part.state["messages"]) for part in manifest.streams.values())
    for what, parts in (("databases 数据库", manifest.databases.values()), ("streams 消息流", manifest.streams.values())):
        console.print(f"  {what}: {len(parts)}, {sum(part.bytes for part in parts) / 1e6:.1f} MB")
    console.print(f"  as of 截至 {manifest.cut_at.isoformat()}, {events} events 条事件")
    console.print(f"  publishing held for 暂停发布 {manifest.held:.1f} s, took 共用时 {manifest.took:.1f} s")
    console.print(f"  SHA-256 of its manifest 清单校验值: {made.fingerprint}")
    console.print(
        "This folder is secret: it holds every key. It opens contacts and lets anybody act as any service; encrypt what leaves the house.\n"
        "该目录属机密：内含全部密钥，持有者可读取联系方式并冒充任何服务；移出机房前务必加密。",
        style="yellow",
    )
    if made.beside_data:
        console.print(
            "It lies on the same disk as the data: copy it to another machine. 备份与数据在同一磁盘，请复制到另一台机器。", style="yellow"
        )


def restore(
    folder: Folder,
    replace: Annotated[bool, typer.Option("--replace", help="put it in the place of data that is there")] = False,
    streams_only: Annotated[bool, typer.Option("--streams-only", help="the broker alone was lost, the databases survived")] = False,
    erased: Annotated[Path | None, typer.Option("--erasures", help="what `lianxin erasures list` wrote last")] = None,
) -> None:
    """Puts a backup back. The suite must not run. Exit status 2 when it was refused."""
    with explained():
        done = backups.restore(read_settings(), folder, replace=replace, streams_only=streams_only, erased=erased)
    console.print(f"Restored to 已恢复至 {done.manifest.cut_at.isoformat()} in {done.took:.1f} s.")
    if done.gap_file is not None:
        console.print("The broker knew of more; this came after the backup and is lost. 以下内容晚于备份，已丢失：")
        for line in done.gap.wrong():
            console.print(f"  {line}", markup=False)
        console.print(f"All of it 完整清单: {done.gap_file}", markup=False)
    if done.erased_again is None:
        console.print("The backup is older than the list of erasures: `lianxin migrate`, then `lianxin erasures apply` it.", style="yellow")
        console.print("备份早于删除清单：请先执行 lianxin migrate，再执行 lianxin erasures apply。", style="yellow")
    else:
        console.print(f"Contact data erased before and destroyed again 重新销毁的联系方式: {done.erased_again}")
    console.print("Start the suite, then `lianxin reconcile`. What was revoked since the backup has to be revoked again.")
    console.print("请启动系统并执行 lianxin reconcile；备份之后吊销的二维码、账号须重新吊销。")
