"""Our own sentences on three matters, and a model trained on them: enough for it to tell them apart."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from deploy.training.fit import train
from deploy.training.messages import Message
from services.intake.understanding.linear import Model, as_bytes

_MATTERS = {
    "construction": (
        ("楼道的声控灯", "单元门的门禁", "屋顶的防水层", "窨井的盖子", "健身步道的地砖"),
        ("松动了一个月", "坏了没人修", "破损得厉害"),
    ),
    "transport": (
        ("十七路班车", "早班渡轮", "城乡巴士", "夜间摆渡车", "镇村专线"),
        ("总是晚点", "过站不停", "班次太少，等不到"),
    ),
    "labour": (
        ("车间的夜班补助", "保洁队的报酬", "工地的酬劳", "仓库搬运的薪水", "后厨的奖金"),
        ("拖了三个月没发", "少算了一半", "迟迟不结清"),
    ),
}
_OPENINGS = ("", "反映：", "请有关部门关注")
SURE = {
    "construction": ("单元门的门禁坏了", "窨井的盖子松动了，屋顶的防水层也破损得厉害"),
    "transport": ("城乡巴士过站不停", "早班渡轮总是晚点，班次太少"),
    "labour": ("工地的酬劳拖了三个月", "仓库搬运的薪水没发，奖金少算了一半"),
}
"""A title and a text of each matter that are not in the training data as they stand."""
UNSURE = ("建议", "希望领导重视，谢谢")


def messages() -> list[Message]:
    """Ninety sentences, every third without a text."""
    found = []
    for category, (things, complaints) in _MATTERS.items():
        for thing in things:
            for number, (complaint, opening) in enumerate(zip(complaints, _OPENINGS, strict=True)):
                found.append(Message(opening + thing + complaint, "", category))
                found.append(Message(thing, opening + thing + complaint if number else f"{complaint}，{thing}", category))
    return found


FACTS = {"trained_at": "2026-05-01T00:00:00+00:00", "labels": {}}


@cache
def model() -> Model:
    """The model of these sentences as it was trained: it has no version until it is a file."""
    return train(messages(), FACTS)


@cache
def model_file(categories: tuple[str, ...] | None = None) -> bytes:
    """The same as a file; with other `categories`, one of another place."""
    return as_bytes(replace(model(), categories=categories or model().categories))
