"""One SQL statement on a connection of its own."""

import asyncio
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


def execute(url: str, statement: str) -> list[Any]:
    """Run a statement through SQLAlchemy, as the services do; the first column of the rows, if there are any."""

    async def run() -> list[Any]:
        engine = create_async_engine(url)
        try:
            async with engine.begin() as connection:
                result = await connection.execute(text(statement))
                return [row[0] for row in result] if result.returns_rows else []
        finally:
            await engine.dispose()

    return asyncio.run(run())
