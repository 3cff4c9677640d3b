"""Takes a backup: hold, snapshots of all databases, snapshots of the streams, release, dumps (decision record 0017)."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
import tomllib
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nats.aio.client import Client
from sqlalchemy.exc import DBAPIError

from deploy.backup import databases, streams
from deploy.backup.databases import Snapshot
from deploy.backup.hold import held
from deploy.backup.manifest import MANIFEST, DatabasePart, Manifest, Part, StreamPart, part_of, sha256_of
from deploy.backup.standing import operator, standing, tools
from deploy.local.backends import Backends
from deploy.local.checks import NEEDED_DISK
from deploy.local.credentials import write_private
from deploy.local.demo_data import demo_file
from deploy.local.errors import LocalError
from deploy.local.servers import SERVICES
from deploy.local.settings import PROJECT, RunSettings
from deploy.training.shelf import Shelf
from shared.profile import layers, version_of

DATABASES, STREAMS, SECRETS, MODELS, PROFILE = "databases", "streams", "secrets", "models", "profile.yaml"
"""What lies where in a backup's folder. The profile and what it extends are kept for the record; a restore touches none."""
CURRENT = "model-in-use"
"""The file with the version of the model that intake loads."""


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup. `fingerprint` is the manifest's SHA-256; `beside_data`: it lies on the same disk as the data."""

    folder: Path
    manifest: Manifest
    fingerprint: str
    beside_data: bool


def backup(settings: RunSettings, to: Path | None = None) -> Made:
    """Takes a backup into a new folder under `to` (the data folder's `backups` if not given), also while the suite works.

    The folder gets its name only when it is whole. Raises LocalError.
    """
    if not (settings.data / "VERSION").exists():
        raise LocalError(f"There is nothing to back up in {settings.data}.", f"{settings.data} 中没有可备份的数据。")
    place = (to or settings.data / "backups").absolute()
    folder = place / f"{settings.site}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    try:
        for name in (DATABASES, STREAMS, SECRETS, MODELS):
            (unfinished / name).mkdir(parents=True)
        unfinished.chmod(0o700)
        with standing(settings, alone=False) as backends:
            manifest = asyncio.run(_take(settings, backends, unfinished))
        write_private(unfinished / MANIFEST, manifest.model_dump_json(indent=1) + "\n")
        unfinished.rename(folder)
        _note(settings, folder, manifest)
    except OSError as error:
        raise LocalError(f"{unfinished} cannot be written: {error.strerror}.", f"{unfinished} 无法写入。") from error
    except DBAPIError as error:
        raise LocalError(
            f"A database does not answer, or `lianxin migrate` was not run: {error.orig}", "数据库无应答或尚未迁移。"
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Made(folder, manifest, sha256_of(folder / MANIFEST), folder.stat().st_dev == settings.data.stat().st_dev)


def _note(settings: RunSettings, folder: Path, manifest: Manifest) -> None:
    """Leaves a mark of the last backup, for `lianxin doctor` and the alarm that hangs on its age."""
    mark = {"at": manifest.cut_at.timestamp(), "folder": str(folder)}
    write_private(settings.data / "run" / "backup.json", json.dumps(mark) + "\n")


async def _take(settings: RunSettings, backends: Backends, folder: Path) -> Manifest:
    begun, number = time.monotonic(), uuid.uuid4()
    urls = {name: backends.database.url(name) for name in SERVICES}
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(operator(backends))
        await _check_room(folder, urls, client)
        async with held(urls, number):
            held_at = time.monotonic()
            snapshots = await stack.enter_async_context(databases.snapshots(urls))
            # After the databases, still held: whatever the streams hold has its row in one of these snapshots.
            kept = {name: await _kept(client, name, folder) for name in await streams.names(client)}
        held_for = time.monotonic() - held_at
        dumped = {name: await _dumped(tools(settings), urls[name], name, snapshots[name], folder) for name in SERVICES}
    return Manifest(
        backup=number,
        lianxin=tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]["version"],
        site=settings.site,
        profile=version_of(settings.profile),
        cut_at=max(part.at for part in dumped.values()),
        held=round(held_for, 3),
        took=round(time.monotonic() - begun, 3),
        databases=dumped,
        streams=kept,
        others=_others(settings, folder),
    )


async def _check_room(folder: Path, urls: Mapping[str, str], client: Client) -> None:
    needed = NEEDED_DISK
    for url in urls.values():
        needed += await databases.size(url)
    for name in await streams.names(client):
        needed += int((await streams.info(client, name))["state"]["bytes"])
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise LocalError(
            f"{free // 1024**2} MB are free at {folder.parent}, up to {needed // 1024**2} MB are needed: a full disk would stop the suite.",
            f"{folder.parent} 仅剩 {free // 1024**2} MB，最多需要 {needed // 1024**2} MB。",
        )


async def _kept(client: Client, name: str, folder: Path) -> StreamPart:
    file = f"{STREAMS}/{name}.snapshot"
    write_private(folder / file, "")
    found = await streams.save(client, name, folder / file)
    return StreamPart.model_validate({**part_of(folder, file), **found})


async def _dumped(programs: Path, url: str, name: str, snapshot: Snapshot, folder: Path) -> DatabasePart:
    file = f"{DATABASES}/{name}.dump"
    write_private(folder / file, "")
    await databases.dump(programs, url, snapshot, folder / file)
    return DatabasePart(
        **part_of(folder, file),
        at=snapshot.at,
        lsn=snapshot.lsn,
        server=snapshot.server,
        migrations=await databases.migrations(snapshot.connection),
        rows=await databases.row_counts(snapshot.connection),
    )


def _others(settings: RunSettings, folder: Path) -> dict[str, Part]:
    """Copies of what no server holds: passwords, seeds and master keys, the demo's accounts, the profile, the models."""
    copies = {f"{SECRETS}/{path.name}": path for path in sorted((settings.data / "secrets").iterdir()) if path.suffix != ".tmp"}
    copies[f"{SECRETS}/{demo_file(settings.data).name}"] = demo_file(settings.data)
    own, *bases = [layer.path for layer in layers(settings.profile)]
    copies |= {PROFILE: own} | {f"profile.{base.name}": base for base in bases}
    found = {}
    for file, source in copies.items():
        if source.is_file():
            write_private(folder / file, source.read_text("utf-8"))
            found[file] = Part(**part_of(folder, file))
    return found | models_of(settings.data, folder)


def models_of(data: Path, folder: Path) -> dict[str, Part]:
    """The classifiers on the shelf, and which of them is in use."""
    shelf, found = Shelf(data), {}
    for kept in shelf.kept():
        file = f"{MODELS}/{kept.version}"
        write_private(folder / file, "")
        (folder / file).write_bytes(shelf.content(kept.version))
        found[file] = Part(**part_of(folder, file))
    if (used := shelf.in_use()) is not None:
        write_private(folder / CURRENT, f"{used}\n")
        found[CURRENT] = Part(**part_of(folder, CURRENT))
    return found
