"""The permission table by itself: nobody administers the bus, and nobody speaks for another."""

import pytest

from deploy.nats.permissions import SERVICES, USERS, permissions

SITE = "320412"
RUNNING = [user for user in USERS if user != "operator"]


@pytest.mark.parametrize("user", RUNNING)
def test_nobody_who_runs_may_change_or_empty_a_stream(user: str) -> None:
    forbidden = ("STREAM.DELETE", "STREAM.PURGE", "STREAM.UPDATE", "STREAM.CREATE", "STREAM.MSG.DELETE", "CONSUMER.PAUSE")
    assert not any(word in subject for subject in permissions(user, SITE).publish for word in forbidden)


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
