"""What residents say in a run: from a seed, of the length of the demo's messages, found by their own words and by few others'."""

from __future__ import annotations

import random
from dataclasses import dataclass

_FIRST = "东南西北新龙金玉春秋和安丰嘉长永华翠兰竹梅松桂荷莲香星月云霞虹溪湖江河塘桥墩圩坝"
_SECOND = "苑园庭府坊里巷村庄湾浜墩泾堰埂圩港渡桥亭轩阁台岸滨洲渚岛畔谷"
_MATTERS = (
    "储物柜",
    "晾衣架",
    "信报箱",
    "广场舞",
    "流浪猫",
    "门禁卡",
    "楼道灯",
    "健身器",
    "长椅子",
    "凉亭顶",
    "指示牌",
    "宣传栏",
    "雨水篦",
    "儿童滑梯",
    "饮水机",
    "自行车棚",
    "旧衣箱",
    "石板路",
    "台阶扶手",
    "屋顶花坛",
    "共享雨伞",
    "菜场摊头",
    "早点铺子",
    "夜里唱歌",
)
_TALES = (
    "坏了有一阵子，找过几回也没有人来看，老人孩子走过都不方便，希望有人管一管，给个准信。我们不急，只想知道下一步怎么走、要等多久。",
    "前后换过两次，用不到一个月又是老样子，大家心里都有意见，请帮忙问一问到底归谁。楼下几家都愿意作证，照片也拍了，随时可以给。",
    "每天早晚从那里走，看着实在不像样子，邻居们商量过，愿意一起出点力，只是不知道找谁。要是能有人来看一眼，当面说清楚，大家心里也就踏实了。",
    "说是月初就来弄，等到现在没有动静，打过去的人也说不清楚，请给我们一个答复。年纪大的不会用手机，都托我来写，希望早一点有结果。",
)

REPLY = "您好，您反映的事情已收悉。我单位当天派人到现场看过，情况属实，已安排在本周内处理好，处理后会再与您联系，谢谢您的关心。"
PLACES = tuple(a + b for a in _FIRST for b in _SECOND)


@dataclass(frozen=True, slots=True)
class Words:
    """What is said, and what a clerk would type to find it: place and matter."""

    title: str
    text: str
    search: str


def words(chance: random.Random) -> Words:
    """One message. No keyword of the profile is certain in it, so that the desk has to hand it over."""
    place, matter, tale = chance.choice(PLACES), chance.choice(_MATTERS), chance.choice(_TALES)
    house = chance.randint(1, 99)
    return Words(f"{place}的{matter}没人管", f"我住在{place}{house}号，这里的{matter}{tale}", f"{place} {matter}")
