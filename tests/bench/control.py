"""The control of (b): the least that a FastAPI service with one INSERT can be, on the same PostgreSQL.

One process, uvloop, httptools, one route, a model of four fields, one asyncpg INSERT, a pool of 8,
`synchronous_commit=on`. Run as `python -m tests.bench.control <port>` with the database in BENCH_DSN.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel

TABLE = "CREATE TABLE IF NOT EXISTS message (id uuid PRIMARY KEY, code text, title text, text text, category text)"
INSERT = "INSERT INTO message (id, code, title, text, category) VALUES ($1, $2, $3, $4, $5)"


class MessageIn(BaseModel):
    """The four fields that an opinion has."""

    code: str
    title: str
    text: str
    category: str | None = None


def build(dsn: str) -> FastAPI:
    """The application on a database of its own."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(dsn, min_size=8, max_size=8, server_settings={"synchronous_commit": "on"}) as pool:
            await pool.execute(TABLE)
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/messages", status_code=201)
    async def keep(message: MessageIn, request: Request) -> dict[str, str]:
        number = uuid.uuid4()
        await request.app.state.pool.execute(INSERT, number, message.code, message.title, message.text, message.category)
        return {"number": str(number)}

    return app


if __name__ == "__main__":
    options = {"loop": "uvloop", "http": "httptools", "log_level": "warning", "access_log": False}
    uvicorn.run(build(os.environ["BENCH_DSN"]), host="127.0.0.1", port=int(sys.argv[1]), **options)  # type: ignore[arg-type]
