"""What the desk said about categories: the labels to train with anew."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class CategoryCorrection(Base, table=True):
    """The category that the desk gave an opinion, its newest word (the highest case version, of equal ones the later).

    `proposed` is what intake had said, None where it had left the matter to the desk.
    """

    __tablename__ = "category_correction"

    opinion_id: uuid.UUID = Field(primary_key=True, foreign_key="opinion.id")
    proposed: str | None = None
    corrected: str
    case_version: int
    at: datetime = utc_column()
