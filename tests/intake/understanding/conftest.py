"""The service with a model of our own sentences."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests import kit
from tests.intake.understanding import sentences


@pytest.fixture
def model_path(tmp_path: Path) -> Path:
    path = tmp_path / "classifier.npz"
    path.write_bytes(sentences.model_file())
    return path


@pytest_asyncio.fixture
async def trained(running: Callable[..., Awaitable[kit.Running]], model_path: Path) -> kit.Running:
    """The service, which was started with the model."""
    return await running("intake", classifier=model_path)
