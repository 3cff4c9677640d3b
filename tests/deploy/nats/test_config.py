"""The generated configuration: what the server is told, and nothing secret in it."""

import json
from pathlib import Path

from deploy.nats.config import NatsSettings, nats_config
from deploy.nats.permissions import USERS, permissions


def test_the_configuration_caps_the_store_syncs_always_and_knows_every_user() -> None:
    keys = {user: f"U{user.upper()}" for user in USERS}
    config = json.loads(nats_config(NatsSettings("320412", 4222, Path("/store"), 1024**3), keys))
    assert config["listen"] == "127.0.0.1:4222"
    assert config["max_payload"] == 1024**2
    assert config["jetstream"]["sync_interval"] == "always"
    assert config["jetstream"]["max_file_store"] == 1024**3
    users = {user["nkey"]: user["permissions"] for user in config["accounts"]["CORE"]["users"]}
    assert set(users) == set(keys.values())
    for user, key in keys.items():
        assert users[key]["publish"]["allow"] == list(permissions(user, "320412").publish)
        assert users[key]["subscribe"]["allow"] == list(permissions(user, "320412").subscribe)
