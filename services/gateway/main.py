"""The gateway's wiring: `uvicorn.Config(build(), **SERVER)`."""

from __future__ import annotations

from services.gateway import api
from services.gateway.addresses import Addresses
from services.gateway.door import Door
from services.gateway.exchange import Ticker
from services.gateway.health import Health
from services.gateway.openapi import Merged
from services.gateway.proxy import Proxy
from services.gateway.quotas import Quotas
from services.gateway.server import OPTIONS
from services.gateway.settings import Settings
from services.gateway.tokens import PublishedKeys, Tokens
from services.gateway.upstream import Upstream
from shared.app import create_app
from shared.bus import Bus

SERVER = OPTIONS
"""What uvicorn must be told for this application."""


def build(settings: Settings | None = None) -> Door:
    """The gateway as an ASGI application; the kit's application inside carries what it answers itself."""
    chosen = settings or Settings()
    app = create_app("gateway", settings=chosen, routers=[api.router], database=False)
    upstreams = {name: Upstream(name, url, chosen) for name, url in chosen.upstreams.items()}
    keys = PublishedKeys(Bus("gateway", chosen), chosen)
    quotas, ticker = Quotas(chosen.limits, chosen.limit_keys), Ticker(upstreams.values())
    own = {path: item for path, item in app.openapi()["paths"].items() if path.startswith("/api/")}
    app.state.metrics.bus_up.set_function(lambda: keys.is_connected)
    app.state.health = Health(upstreams.values(), keys, chosen.health_timeout)
    app.state.merged = Merged(upstreams.values(), {**app.openapi(), "paths": own}, chosen.private_paths, chosen.openapi_age)
    app.state.background += [lambda _: keys.run(), lambda _: ticker.run()]
    addresses, tokens = Addresses(chosen), Tokens(keys, chosen.token_cache)
    proxy = Proxy(chosen, upstreams, addresses, tokens=tokens, quotas=quotas, ticker=ticker, metrics=app.state.metrics)
    return Door(app, proxy, quotas, addresses, chosen)
