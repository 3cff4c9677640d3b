"""Backup of all databases and streams to one consistent point while the suite works, and the way back (decision record 0017)."""

from deploy.backup.make import Made, backup
from deploy.backup.manifest import Manifest
from deploy.backup.restore import Restored, restore

__all__ = ["Made", "Manifest", "Restored", "backup", "restore"]
