"""How long a sweep rests."""

from __future__ import annotations

import pytest

from shared.db import Tx
from shared.sweeps import Sweep


async def _verb(tx: Tx) -> int:
    return 0


@pytest.mark.parametrize(("took", "rest"), [(0.01, 0.5), (0.125, 0.5), (1.0, 4.0)])
def test_a_sweep_with_a_share_of_the_time_rests_in_proportion_but_never_below_its_pause(took: float, rest: float) -> None:
    assert Sweep("sweep", 3, _verb, pause=0.5, share=0.2).rest(took) == pytest.approx(rest)


def test_a_sweep_without_a_share_goes_on_at_once() -> None:
    assert Sweep("sweep", 3, _verb).rest(10.0) == 0.0
