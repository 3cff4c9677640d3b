"""What a place decides about answers to signers and their publication."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Answers(BaseModel):
    """To whom the reply to a joint suggestion goes, and what of it may be published.

    `to`: each signer (浙江 2016, 河南 2017, 重庆 2017), or the lead deputy alone (青岛 28: mainly). `publish`: nothing, the reply, or
    the suggestion with it (青岛, 山东). What its deputy or its confidential degree forbids is published nowhere. The defaults are
    those of rules that were kept before these keys were there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Literal["each", "lead"] = "each"
    publish: Literal["nothing", "reply", "suggestion_and_reply"] = "nothing"
