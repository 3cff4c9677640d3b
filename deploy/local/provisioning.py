"""A role and a database per service, on the embedded or an external PostgreSQL, as often as you like.

It goes through psql because the parent that forks the services may have no event loop.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence

from deploy.local.credentials import Credentials


def run_psql(binary: str, server: Mapping[str, str], script: str) -> str:
    """Run a script; `server` holds the PG* variables, so that no secret is on a command line. Returns the error, or ""."""
    command = [binary, "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    env = {**{name: value for name, value in os.environ.items() if not name.startswith("PG")}, **server}
    done = subprocess.run(command, input=script, env=env, capture_output=True, text=True, check=False)
    return (done.stderr.strip() or f"psql ended with {done.returncode}") if done.returncode else ""


def provisioning_sql(roles: Sequence[str], credentials: Credentials, *, borrow: bool = False) -> str:
    """SQL for psql. Names come from the code and passwords have no quotes, so both can stand in the text.

    `borrow`: the administrator is no superuser and must be a member of a role while it makes the role's database.
    """
    lines = []
    for role in roles:
        missing = f"WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{role}')"
        lines += [
            f"SELECT 'CREATE ROLE {role}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') \\gexec",  # noqa: S608
            f"ALTER ROLE {role} LOGIN PASSWORD '{credentials.password(role)}';",
            *([f"GRANT {role} TO CURRENT_USER;"] if borrow else []),
            f"SELECT 'CREATE DATABASE {role} OWNER {role}' {missing} \\gexec",
            *([f"SET ROLE {role};"] if borrow else []),
            f"REVOKE ALL ON DATABASE {role} FROM PUBLIC;",
            *(["RESET ROLE;", f"REVOKE {role} FROM CURRENT_USER;"] if borrow else []),
        ]
    return "\n".join(lines) + "\n"
