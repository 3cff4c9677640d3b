"""Attachments of a matter: given with it once, read by its sender and by those who handle it, by nobody else."""

from __future__ import annotations

import uuid

import pytest

from shared.events.intake_opinions import AttachmentsGiven
from tests import kit
from tests.intake import golden
from tests.intake.attachments import files
from tests.intake.attachments.conftest import Resident
from tests.intake.conftest import Send, Sent, form
from tests.intake.people import refused, told


@pytest.fixture
async def sent(resident: Resident, send: Send) -> Sent:
    """An opinion with a photograph and a recording."""
    return await send(attachments=[await resident.file(files.picture()), await resident.file(files.mp3())])


async def test_the_sender_reads_the_attachments_with_the_lookup_code_as_downloads_that_run_nowhere(sent: Sent) -> None:
    mine = {"X-Lookup-Code": sent.lookup_code}
    listed = (await sent.service.client.get(f"/opinions/{sent.number}/attachments", headers=mine)).json()
    assert [one["media_type"] for one in listed] == ["image/jpeg", "audio/mpeg"]
    answer = await sent.service.client.get(f"/opinions/{sent.number}/attachments/{listed[0]['id']}", headers=mine)
    assert answer.status_code == 200 and len(answer.content) == listed[0]["size"]
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == f'attachment; filename="{listed[0]["id"]}.jpg"'
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cache-control"] == "private, no-store"


async def test_it_is_told_that_there_are_attachments_and_not_what_they_are(sent: Sent) -> None:
    [event] = await told(sent.service, AttachmentsGiven)
    assert (event.opinion_id, event.count) == (sent.id, 2)


async def test_nobody_else_reads_them(sent: Sent) -> None:
    client = sent.service.client
    for headers in ({}, {"X-Lookup-Code": "0000-0000-0000"}):
        assert refused(await client.get(f"/opinions/{sent.number}/attachments", headers=headers), 404, "OpinionNotFound")
    assert refused(await client.get(f"/staff/opinions/{sent.id}/attachments"), 401, "NotSignedIn")
    for other in (kit.token("department", organisation="housing"), kit.token("desk", region="320413"), kit.token("deputy")):
        assert refused(await client.get(f"/staff/opinions/{sent.id}/attachments", headers=other), 404, "OpinionNotFound")


async def test_the_desk_reads_them_and_the_department_to_which_the_matter_is_assigned_now(sent: Sent) -> None:
    client, housing, transport = sent.service.client, kit.token("department"), kit.token("department", organisation="transport")
    assert len((await client.get(f"/staff/opinions/{sent.id}/attachments", headers=kit.token("desk"))).json()) == 2
    await sent.service.deliver(golden.opened(sent.id), golden.assigned(sent.id))
    [first, _] = (await client.get(f"/staff/opinions/{sent.id}/attachments", headers=housing)).json()
    assert (await client.get(f"/staff/opinions/{sent.id}/attachments/{first['id']}", headers=housing)).status_code == 200
    await sent.service.deliver(golden.assigned(sent.id, case_version=4, minutes=9, lead="transport"))
    assert (await client.get(f"/staff/opinions/{sent.id}/attachments", headers=housing)).status_code == 404
    assert (await client.get(f"/staff/opinions/{sent.id}/attachments", headers=transport)).status_code == 200


async def test_an_attachment_of_another_matter_is_not_found(sent: Sent, send: Send) -> None:
    other = await send()
    [first, _] = (await sent.service.client.get(f"/staff/opinions/{sent.id}/attachments", headers=kit.token("desk"))).json()
    for one in (first["id"], str(uuid.uuid4())):
        answer = await sent.service.client.get(f"/staff/opinions/{other.id}/attachments/{one}", headers=kit.token("desk"))
        assert refused(answer, 404, "AttachmentUnknown")


async def test_a_file_goes_with_one_matter_only_and_a_refused_opinion_takes_none(resident: Resident, send: Send) -> None:
    token = await resident.file(files.picture())
    client = resident.service.client
    for wrong in (["unknown"], [token, "unknown"]):
        assert refused(await client.post("/opinions", json=form(attachments=wrong)), 422, "AttachmentNotReady")
    await send(attachments=[token])
    assert refused(await client.post("/opinions", json=form(attachments=[token])), 422, "AttachmentNotReady")
    assert (await resident.look()).status_code == 404


async def test_an_unfinished_upload_cannot_go_with_an_opinion(resident: Resident) -> None:
    begun = (await resident.begin(files.picture())).json()
    answer = await resident.service.client.post("/opinions", json=form(attachments=[begun["token"]]))
    assert refused(answer, 422, "AttachmentNotReady")


async def test_a_matter_has_as_many_as_the_profile_says(resident: Resident) -> None:
    tokens = [await resident.file(files.amr()) for _ in range(7)]
    answer = await resident.service.client.post("/opinions", json=form(attachments=tokens))
    assert refused(answer, 422, "TooManyAttachments") and answer.json()["most"] == 6
