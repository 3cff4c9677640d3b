"""The permission table by itself: nobody administers the bus, and nobody speaks for another."""

import pytest

from deploy.nats.permissions import KEEPERS, SERVICES, USERS, permissions
from shared import bus

SITE = "320412"
RUNNING = [user for user in USERS if user != "operator"]


@pytest.mark.parametrize("user", RUNNING)
def test_nobody_who_runs_may_change_or_empty_a_stream(user: str) -> None:
    forbidden = ("STREAM.DELETE", "STREAM.PURGE", "STREAM.UPDATE", "STREAM.CREATE", "STREAM.MSG.DELETE", "CONSUMER.PAUSE")
    found = [subject for subject in permissions(user, SITE).publish if any(word in subject for word in forbidden)]
    # The one exception: a service that keeps files takes them away from its own bucket, and from nothing else.
    assert found == ([f"$JS.API.STREAM.PURGE.OBJ_{user}"] if user in KEEPERS else [])


@pytest.mark.parametrize("user", RUNNING)
def test_nobody_reaches_the_files_of_another(user: str) -> None:
    reached = {subject for subject in permissions(user, SITE).publish if "$O." in subject or "OBJ_" in subject}
    assert all(f"OBJ_{user}" in subject or subject == f"$O.{user}.>" for subject in reached)
    assert bool(reached) == (user in KEEPERS)


def test_the_same_services_keep_files_for_the_broker_and_for_the_suite() -> None:
    assert KEEPERS == bus.KEEPERS


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_deletes_no_consumer_but_its_own_backfill(service: str) -> None:
    deletes = [subject for subject in permissions(service, SITE).publish if "CONSUMER.DELETE" in subject]
    assert deletes == [f"$JS.API.CONSUMER.DELETE.EVENTS.{service}_backfill"]


@pytest.mark.parametrize("user", RUNNING)
def test_nobody_who_runs_publishes_as_another_or_at_another_site(user: str) -> None:
    for subject in permissions(user, SITE).publish:
        if subject.startswith(("lx.", "dead.")):
            assert subject.split(".")[1:3] == [SITE, user]


@pytest.mark.parametrize("user", RUNNING)
def test_answers_come_to_ones_own_inbox_only(user: str) -> None:
    inboxes = [subject for subject in permissions(user, SITE).subscribe if subject.startswith("_INBOX")]
    assert inboxes == [f"_INBOX.{user}.>"]


def test_an_unknown_user_has_no_permissions() -> None:
    with pytest.raises(KeyError):
        permissions("stranger", SITE)
