"""A notice as a person reads it: the class's text in the language asked for, filled with the params."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from services.notify.models import Notice
from shared.texts import text

_FOLDER = Path(__file__).resolve().parent
_CHINA = ZoneInfo("Asia/Shanghai")
_NAMED = ("part", "stage", "change", "measure", "confirmed", "step")


class NoticeOut(BaseModel):
    """A notice. `params` hold the ids to open what it is about; `position` is what a stream resumes after."""

    id: uuid.UUID
    position: int
    notice_class: str
    title: str
    text: str
    params: dict[str, Any]
    occurred_at: datetime
    read: bool


def rendered(notice: Notice, language: str, *, read: bool) -> NoticeOut:
    """The notice in `language`; times are those of China."""
    words = {name: _word(name, value, language) for name, value in notice.params.items()}
    lines = text(_FOLDER, notice.notice_class, language, **words)
    return NoticeOut(
        id=notice.id,
        position=notice.position,
        notice_class=notice.notice_class,
        title=lines["title"],
        text=lines["text"],
        params=notice.params,
        occurred_at=notice.occurred_at,
        read=read,
    )


def _word(name: str, value: Any, language: str) -> str:
    if name in _NAMED:
        return str(text(_FOLDER, f"{name}.{value}", language))
    if name.endswith("_at") or name == "decide_by":
        return datetime.fromisoformat(value).astimezone(_CHINA).strftime("%Y-%m-%d %H:%M")
    return str(value)
