"""Knobs of notify."""

from __future__ import annotations

from pydantic import Field

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Knobs of notify. Durations are in seconds."""

    gather: float = Field(default=0.1, description="as in every service; notices that a person reads")

    notice_days: int = Field(default=730, ge=181, description="a notice is kept so long: longer than any event can come again")
    notice_batch: int = Field(default=2000, ge=1, description="old notices that one transaction deletes")
    stream_beat: float = Field(default=15.0, gt=0, description="silence after which a stream says that it is alive, and looks again")
    stream_page: int = Field(default=100, ge=1, description="notices that a stream reads at once")
    streams_per_process: int = Field(default=2000, ge=1, description="open streams beyond which a process refuses further ones")
