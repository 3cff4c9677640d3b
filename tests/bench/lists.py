"""(g) What a desk looks at all day, through the gateway: first pages of lists, and searches, one request after the other."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from typing import Any
from urllib.parse import urlencode

from tests.bench.client import Client
from tests.bench.lifecycle import Wrong, quantiles
from tests.bench.place import Place
from tests.bench.texts import words

USUAL = ("mine", "overdue", "department", "text", "number")
"""A department's own; what is late; a department's, seen by the desk; place and matter, which one case in 20,000 has; a number."""
COMMON = ("in all", "in one of four", "in one of twenty-four", "in one of 858")
"""Words that so many cases have."""
_WARM_UP = 5


async def lists(place: Place, requests: int, seed: str) -> dict[str, Any]:
    """One run: kind of request → p95 in ms. Raises Wrong for an answer that is not a page, or an empty one where there is something."""
    desk, chance = await place.sign_in("desk"), random.Random(seed)
    organisation = chance.choice(place.departments())
    department = await place.sign_in("department", organisation)
    client, took = Client(place.url), defaultdict[str, list[float]](list)

    async def look(name: str, who: dict[str, str], **query: str) -> list[dict[str, Any]]:
        began = time.perf_counter()
        answer = await client.call("GET", f"/api/routing/cases?{urlencode(query)}", None, **who)
        took[name].append(time.perf_counter() - began)
        if answer.status != 200:
            raise Wrong(f"{name}: {answer.status} {answer.body[:200]!r}")
        items: list[dict[str, Any]] = answer.json()["items"]
        if not items and name != "text":
            raise Wrong(f"{name}: an empty page")
        return items

    for number in range(_WARM_UP + requests):
        if number == _WARM_UP:
            took.clear()
        said = words(chance)
        some = chance.choice(await look("mine", department))
        await look("overdue", desk, overdue="true")
        await look("department", desk, department=organisation)
        await look("text", desk, q=said.search)
        await look("number", desk, q=some["number"])
        await look("in all", desk, q="没人管")
        await look("in one of four", desk, q="愿意作证")
        place_said, matter = said.search.split()
        await look("in one of twenty-four", desk, q=matter)
        await look("in one of 858", desk, q=place_said)
    client.close()
    return {name: quantiles(values)["p95_ms"] for name, values in took.items()}
