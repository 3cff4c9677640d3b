"""(b) A burst: a thousand real messages as fast as the clients can, accepted, classified and routed."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any
from uuid import UUID

from deploy.local.demo_messages import messages
from tests.bench.client import Client, NoAnswer
from tests.bench.lifecycle import quantiles
from tests.bench.place import Place
from tests.kit import eventually

_CASES = """
    SELECT count(*) AS cases, count(*) FILTER (WHERE h.version IS NOT NULL) AS handed_over
    FROM cases c LEFT JOIN case_history h ON h.case_id = c.id AND h.version = 2 AND h.action = 'assign' WHERE c.number = ANY(:numbers)
    """


async def burst(place: Place, number: int, clients: int, seed: str) -> dict[str, Any]:
    """One burst: accepted a second until the last answer, routed a second until the last case, both from the first request.

    A case is routed when it is with its department, or with the desk because nothing was certain; `handed_over` is the share of
    the first kind.
    """
    chance = random.Random(seed)
    said = messages(10**6)
    todo = [chance.choice(said) for _ in range(number)]
    keys = [str(UUID(int=chance.getrandbits(128))) for _ in range(number)]
    codes, numbers, took, errors = place.codes(), list[str](), list[float](), list[str]()
    meter, began = place.meter(), time.perf_counter()

    async def work() -> None:
        client = Client(place.url)
        while todo:
            message, key = todo.pop(), keys.pop()
            body = {"code": codes[len(todo) % len(codes)], "title": message.title, "text": message.text}
            sent = time.perf_counter()
            try:
                answer = await client.call("POST", "/api/intake/opinions", body, idempotency_key=key)
            except NoAnswer as error:
                errors.append(str(error))
                continue
            if answer.status == 201:
                numbers.append(answer.json()["number"])
                took.append(time.perf_counter() - sent)
            else:
                errors.append(f"{answer.status} {answer.body[:200]!r}")
        client.close()

    await asyncio.gather(*(work() for _ in range(clients)))
    accepted = time.perf_counter() - began

    async def routed() -> Any:
        (row,) = await place.suite.query("routing", _CASES, numbers=numbers)
        return row if row.cases == len(numbers) else None

    row = await eventually(routed, within=60, what="a case for each opinion")
    whole = time.perf_counter() - began
    cpu = meter.ms()
    return {
        "accepted_rate": round(len(numbers) / accepted, 1),
        "routed_rate": round(len(numbers) / whole, 1),
        "handed_over": round(row.handed_over / max(1, len(numbers)), 3),
        **quantiles(took),
        "errors": len(errors),
        "first_error": errors[0] if errors else None,
        "cpu_ms_per_message": {name: round(ms / max(1, len(numbers)), 3) for name, ms in cpu.items()},
    }
