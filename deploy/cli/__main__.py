"""`lianxin`: what operators and developers type."""

from __future__ import annotations

from deploy.cli.main import app

if __name__ == "__main__":
    app(prog_name="lianxin")
