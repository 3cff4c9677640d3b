"""What the gateway answers itself: health, the merged API document, its readable form, and two small pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import swagger_ui_bundle
from fastapi import Request, Response
from fastapi.responses import FileResponse

from services.gateway.health import Health
from services.gateway.openapi import Merged
from shared.errors import NotFound
from shared.http import Lang, service_router
from shared.identity import Caller, public
from shared.texts import text

_HERE = Path(__file__).resolve().parent
_PAGES = _HERE / "pages"
_SWAGGER = Path(str(swagger_ui_bundle.swagger_ui_path))
_FILES = {
    **{name: _PAGES / name for name in ("page.css", "scan.js", "docs.js")},
    **{name: _SWAGGER / name for name in ("swagger-ui.css", "swagger-ui-bundle.js")},
}
_HOUR = {"Cache-Control": "public, max-age=3600"}
_CHECK = {"Cache-Control": "no-cache"}

Anyone = Annotated[Caller | None, public()]

router = service_router(transaction=False)


@router.get("/api/health", tags=["gateway"])
async def health(request: Request, response: Response, caller: Anyone) -> dict[str, Any]:
    """Every service's own words on whether it lives, can serve, and whether its work flows; 503 while one cannot serve."""
    told: Health = request.app.state.health
    response.status_code, report = await told.report()
    return report


@router.get("/health/targets", include_in_schema=False)
async def targets(request: Request, caller: Anyone) -> list[dict[str, Any]]:
    """Where the metrics of all services are, for Prometheus (`deploy/monitoring/prometheus.yml`); for operators only."""
    told: Health = request.app.state.health
    return told.targets(request.url.netloc)


@router.get("/api/openapi.json", tags=["gateway"])
async def openapi(request: Request, language: Lang, caller: Anyone) -> dict[str, Any]:
    """This document: all services' doors, each operation with the permission it asks for (`x-permission`)."""
    merged: Merged = request.app.state.merged
    return await merged.document(str(text(_HERE, "ApiTitle", language)), str(text(_HERE, "ApiDescription", language)))


@router.get("/api/docs", include_in_schema=False)
async def docs(caller: Anyone) -> FileResponse:
    """The document for readers."""
    return FileResponse(_PAGES / "docs.html", headers=_CHECK)


@router.get("/", include_in_schema=False)
async def front(caller: Anyone) -> FileResponse:
    """What this is."""
    return FileResponse(_PAGES / "index.html", headers=_CHECK)


@router.get("/s/{code}", include_in_schema=False)
async def scan(code: str, caller: Anyone) -> FileResponse:
    """Where a scanned code leads; the page itself asks directory what the code stands for."""
    return FileResponse(_PAGES / "scan.html", headers=_CHECK)


@router.get("/static/{name}", include_in_schema=False)
async def static(name: str, caller: Anyone) -> FileResponse:
    """Styles and scripts of the pages. Raises NotFound."""
    if name not in _FILES:
        raise NotFound(where="name")
    return FileResponse(_FILES[name], headers=_HOUR)
