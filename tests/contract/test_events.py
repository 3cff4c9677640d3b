"""The contracts between services: what was ever committed can still be read, and what is written down is what the code says."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest

from deploy.cli import documents
from deploy.cli.cases_page import cases_page
from shared.codec import class_of, read
from shared.events import Event, all_events

SAMPLES = sorted(documents.SAMPLES.glob("*.json"))
_FREE_TEXT = {"title", "text", "comment", "reason", "name"}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_todays_code_reads_every_sample_ever_committed(path: Path) -> None:
    sample = json.loads(path.read_text("utf-8"))
    event = read(class_of(sample["headers"]["ce-type"]), sample["headers"], orjson.dumps(sample["data"]))
    assert str(event.id) == sample["headers"]["ce-id"]
    assert {k: v for k, v in event.data().items() if k in sample["data"]} == sample["data"]


@pytest.mark.parametrize("event", list(all_events()), ids=lambda e: e.type_name())
def test_every_event_has_a_sample(event: type[Event]) -> None:
    assert documents.sample_path(event).exists(), "run `make events` and commit the sample"


@pytest.mark.parametrize("event", list(all_events()), ids=lambda e: e.type_name())
def test_an_event_is_well_formed(event: type[Event]) -> None:
    assert event.__doc__ and event.key in event.model_fields
    assert event.model_config["frozen"]
    if event.open_to_all:
        assert not _FREE_TEXT & set(event.model_fields), "events for whoever subscribes carry no free text"


def test_the_events_page_and_the_asyncapi_document_say_what_the_code_says() -> None:
    assert documents.EVENTS_PAGE.read_text("utf-8") == documents.events_page(), "run `make events`"
    assert documents.ASYNCAPI.read_text("utf-8") == documents.asyncapi(), "run `make events`"
    assert documents.CASES_PAGE.read_text("utf-8") == cases_page(), "run `make events`"


def test_every_event_but_the_last_word_of_a_chain_is_heard_and_told_by_its_own_producer() -> None:
    heard = {name for registry in documents.registries() for name in registry.handlers}
    known = {e.type_name() for e in all_events()}
    assert heard <= known
    assert {e.producer for e in all_events()} <= set(documents.SERVICES)
