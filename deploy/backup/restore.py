"""Puts a backup back: checks first, then keys, databases, streams, and a mark for the services (decision record 0017)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nats.aio.client import Client
from sqlalchemy.exc import DBAPIError

from deploy.backup import databases, erasures, streams
from deploy.backup.make import CURRENT, MODELS, SECRETS
from deploy.backup.manifest import Manifest, StreamPart, read_manifest
from deploy.backup.standing import operator, standing, tools
from deploy.local import accounts
from deploy.local.backends import Backends
from deploy.local.checks import unfinished_restore
from deploy.local.credentials import write_private
from deploy.local.demo_data import demo_file
from deploy.local.errors import LocalError
from deploy.local.external import ExternalDatabases
from deploy.local.nats_server import NatsServer
from deploy.local.prepare import Preparation
from deploy.local.settings import RunSettings
from deploy.reconcile import Finding, Report, Sources, reconcile
from deploy.training.shelf import Shelf
from shared.bus import DEAD, EVENTS

_LOGINS = ("postgres-", "nats-")
"""Secrets that open servers rather than data: those of the servers that stand here stay."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A finished restore. `gap`: what a surviving broker knew of and the backup does not; `gap_file` holds every id of it.

    `erased_again`: keys that the backup brought back and that were destroyed again; None when the backup's schema is too old for it.
    """

    manifest: Manifest
    took: float
    gap: Report
    gap_file: Path | None
    erased_again: int | None = 0


def restore(
    settings: RunSettings, folder: Path, *, replace: bool = False, streams_only: bool = False, erased: Path | None = None
) -> Restored:
    """Puts everything back as it was at the backup's cut; with `streams_only` the streams, under databases that survived.

    What was erased since stays erased: as the replaced database, a surviving broker and the list in `erased` tell.

    Raises LocalError: when a file is missing or damaged, when the suite runs, and, without `replace`, when there is
    something that would be lost; then nothing has been touched.
    """
    begun, folder = time.monotonic(), folder.absolute()
    manifest = read_manifest(folder)
    kept = erasures.from_lines(erased) if erased else []
    if manifest.site != settings.site:
        raise LocalError(
            f"This is a backup of site {manifest.site}, and LIANXIN_SITE is {settings.site}.",
            f"该备份属于 {manifest.site}，而 LIANXIN_SITE 为 {settings.site}。",
        )
    accounts.make_data_folder(settings.data, passage=not settings.database_url)
    missing, other = ({}, {}) if streams_only else keys(settings.data, folder)
    for target, content in missing.items():
        write_private(target, content)
    with standing(settings, alone=True) as backends:
        work = _Work(settings, backends, folder, manifest, kept)
        try:
            gap, gap_file = asyncio.run(work.run(replace, streams_only, other))
        except DBAPIError as error:
            raise LocalError(f"A database refuses: {error.orig}", f"数据库拒绝：{error.orig}") from error
    return Restored(manifest, round(time.monotonic() - begun, 1), gap, gap_file, work.erased_again)


def keys(data: Path, folder: Path) -> tuple[dict[Path, str], dict[Path, str]]:
    """What the backup's secrets say that are missing here, and that are others here, by where they belong."""
    missing, other = {}, {}
    for path in sorted((folder / SECRETS).iterdir()):
        target = demo_file(data) if path.name == demo_file(data).name else data / "secrets" / path.name
        content = path.read_text("utf-8")
        if not target.exists():
            missing[target] = content
        elif target.read_text("utf-8") != content and not path.name.startswith(_LOGINS):
            other[target] = content
    return missing, other


def models(data: Path, folder: Path) -> None:
    """Puts the backup's classifiers back on the shelf, and the one in use then into use; a backup without any changes nothing."""
    shelf = Shelf(data)
    for path in sorted((folder / MODELS).iterdir()) if (folder / MODELS).is_dir() else ():
        shelf.put(path.name, path.read_bytes())
    if (folder / CURRENT).is_file():
        shelf.use((folder / CURRENT).read_text("utf-8").strip())


@dataclass(slots=True)
class _Work:
    settings: RunSettings
    backends: Backends
    folder: Path
    manifest: Manifest
    erased: list[erasures.Erased]
    erased_again: int | None = 0

    @property
    def urls(self) -> Mapping[str, str]:
        return {name: self.backends.database.url(name) for name in self.manifest.databases}

    async def run(self, replace: bool, streams_only: bool, other: Mapping[Path, str]) -> tuple[Report, Path | None]:
        async with operator(self.backends) as client:
            there = await streams.names(client)
            await self._check_target(client, there, replace, streams_only, other)
            unfinished_restore(self.settings.data).touch()
            for target, content in other.items():
                target.rename(target.with_name(f"{target.name}.before-{self.manifest.backup}"))
                write_private(target, content)
            if not streams_only:
                await self._remember_erasures(client, there)
                await self._databases()
                models(self.settings.data, self.folder)
                self.erased_again = await erasures.apply(self.settings.site, self.urls["intake"], self.erased)
            before = await reconcile(Sources.of(self.settings)) if await self._survived(client, there) else None
            await self._streams(client, there)
        unfinished_restore(self.settings.data).unlink()
        if before is None:
            return Report([], {}, {}, {}, 0), None
        # What is missing on both sides was on its way at the cut and arrives when the services start; so does what is to be published.
        after = {(f.check, f.service): f for f in (await reconcile(Sources.of(self.settings))).findings}
        waiting = set().union(*[await databases.outbox(url) for url in self.urls.values()])
        gap = [beyond for f in before.findings if not (beyond := _beyond(f, after[f.check, f.service], waiting)).clean]
        file = self.settings.data / f"gap-{self.manifest.backup}.json"
        write_private(file, json.dumps([asdict(finding) for finding in gap], default=sorted, indent=1) + "\n")
        return Report(gap, {}, {}, {}, 0), file

    async def _check_target(
        self, client: Client, there: Sequence[str], replace: bool, streams_only: bool, other: Mapping[Path, str]
    ) -> None:
        if isinstance(self.backends.database, ExternalDatabases):  # services may run on other machines
            for name, url in self.urls.items():
                if at := await databases.replica_at_work(url):
                    raise LocalError(
                        f"{name} is running or was until seconds ago ({at}). Stop all services first.",
                        f"{name} 正在运行或刚刚停止（{at}），请先停止所有服务。",
                    )
        if streams_only:
            await self._check_followed()
        lost = [] if streams_only else [f"database {name}" for name, url in self.urls.items() if not await databases.is_empty(url)]
        lost += [f"stream {n}" for n in self.manifest.streams if n in there and (await streams.info(client, n))["state"]["messages"]]
        lost += [f"key {target.name}" for target in other]
        if lost and not replace:
            raise LocalError(
                f"This would replace {', '.join(lost)}. If that is what you want: --replace (other keys are put aside, the rest is gone).",
                f"将替换现有数据（{', '.join(lost)}）；确认无误请加 --replace（原密钥另存，其余不可恢复）。",
            )

    async def _check_followed(self) -> None:
        created = self.manifest.streams[EVENTS].created
        for name, url in self.urls.items():
            if (await databases.streams_followed(url)) - {created}:
                raise LocalError(
                    f"{name} has followed another stream than the one in this backup: only a whole restore can go back to it.",
                    f"{name} 所读的消息流与该备份中的不是同一个，只能整体恢复。",
                )

    async def _databases(self) -> None:
        for name, part in self.manifest.databases.items():
            await databases.load(tools(self.settings), self.urls[name], self.folder / part.file, part.rows)
            await databases.mark_restored(self.urls[name], self.manifest.backup, self.manifest.cut_at)

    async def _remember_erasures(self, client: Client, there: Sequence[str]) -> None:
        """Reads what was erased from what is about to be replaced and from earlier restores, and keeps the list as a file."""
        before = [row for path in sorted(self.settings.data.glob("erasures-*.jsonl")) for row in erasures.from_lines(path)]
        told = await erasures.told(client, self.settings.site) if EVENTS in there else []
        self.erased = [*self.erased, *before, *told, *await erasures.listed(self.urls["intake"])]
        if self.erased:
            write_private(self.settings.data / f"erasures-{self.manifest.backup}.jsonl", erasures.as_lines(self.erased))

    async def _survived(self, client: Client, there: Sequence[str]) -> bool:
        """Whether the broker still holds the stream of the backup, and more."""
        if not {EVENTS, DEAD} <= set(there):
            return False
        found, part = await streams.info(client, EVENTS), self.manifest.streams[EVENTS]
        return bool(found["created"] == part.created and found["state"]["last_seq"] > part.last_seq)

    async def _streams(self, client: Client, there: Sequence[str]) -> None:
        for name, part in self.manifest.streams.items():
            if name in there:
                await streams.delete(client, name)
            found = await streams.load(client, name, self.folder / part.file, self._config(part), part.state)
            if name == EVENTS:
                for url in self.urls.values():
                    await databases.follow_stream(url, part.created, found["created"], found["state"]["last_seq"])

    def _config(self, part: StreamPart) -> dict[str, Any]:
        """The stream's configuration, fitted to the disk of an embedded server."""
        bus = self.backends.bus
        if not isinstance(bus, NatsServer):
            return part.config
        sizes = Preparation({}, bus.url, None, self.settings.site, bus.max_file_store).sizes
        name = str(part.config["name"])
        limit = sizes.get("events_max_bytes" if name == EVENTS else "objects_max_bytes" if name.startswith("OBJ_") else "", None)
        fitting = {} if limit is None else {"max_bytes": limit}
        return {**part.config, **fitting, "num_replicas": 1}


def _beyond(before: Finding, after: Finding, waiting: set[str]) -> Finding:
    """What was wrong before and is not any more, and will not come by itself."""
    return Finding(
        before.check,
        before.invariant,
        before.service,
        before.counted,
        before.missing - after.missing - waiting,
        before.doubled - after.doubled,
        before.orphaned - after.orphaned,
    )
