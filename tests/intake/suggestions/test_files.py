"""Files of a suggestion: known by content, rid of a camera's notes, three at most, and read by whoever may read the text."""

from __future__ import annotations

import io
import zipfile
from urllib.parse import quote

import pytest

from services.intake.suggestions import files
from services.intake.suggestions.errors import AttachmentNotAccepted
from tests import kit
from tests.intake.attachments.files import SECRET, document, mp3, picture
from tests.intake.suggestions.conftest import LEAD, Paper, begun, deputy, office, refusal, township

PIXELS = 40_000_000
JPEG, PNG, PDF = picture(), picture("PNG"), document()


def packed(*names: str, content: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(("data", "media_type"), [(JPEG, "image/jpeg"), (PNG, "image/png")])
async def test_a_photograph_keeps_its_picture_and_loses_where_and_by_whom_it_was_taken(data: bytes, media_type: str) -> None:
    kind, cleaned = await files.accept(data, PIXELS)
    assert kind == media_type and cleaned[:4] == data[:4] and SECRET in data
    assert b"Exif" not in cleaned and SECRET not in cleaned


async def test_a_document_is_taken_by_what_it_is() -> None:
    assert (await files.accept(PDF, PIXELS))[0] == "application/pdf"
    docx = packed("[Content_Types].xml", "word/document.xml")
    assert (await files.accept(docx, PIXELS))[0].endswith("wordprocessingml.document")


async def test_a_pdf_loses_its_author_scripts_and_enclosed_files() -> None:
    _, cleaned = await files.accept(PDF, PIXELS)
    assert SECRET in PDF and SECRET not in cleaned and b"JavaScript" not in cleaned


WORD = {
    "[Content_Types].xml": b'<Types><Override PartName="/word/document.xml" ContentType="d"/>'
    b'<Override PartName="/docProps/core.xml" ContentType="c"/></Types>',
    "_rels/.rels": b'<Relationships><Relationship Id="1" Target="word/document.xml"/>'
    b'<Relationship Id="2" Target="docProps/core.xml"/></Relationships>',
    "docProps/core.xml": b"<cp:coreProperties><dc:creator>" + SECRET + b"</dc:creator></cp:coreProperties>",
    "docProps/thumbnail.jpeg": picture(),
    "word/document.xml": b'<w:document><w:ins w:id="1" w:author="' + SECRET + b'" w:date="d"><w:t>words</w:t></w:ins></w:document>',
    "word/comments.xml": b"<w:comment w:initials='" + SECRET + b"' w:author='" + SECRET + b"'><w:t>why</w:t></w:comment>",
    "word/media/image1.jpeg": picture(),
    "word/people.xml": b'<w15:person w15:author="' + SECRET + b'"/>',
}


async def test_a_word_document_keeps_its_words_and_loses_who_wrote_changed_and_commented_it() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in WORD.items():
            archive.writestr(name, content)
    _, cleaned = await files.accept(out.getvalue(), PIXELS)
    with zipfile.ZipFile(io.BytesIO(cleaned)) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    assert set(kept) == {"[Content_Types].xml", "_rels/.rels", "word/document.xml", "word/comments.xml", "word/media/image1.jpeg"}
    assert not [name for name, content in kept.items() if SECRET in content or b"docProps" in content]
    assert kept["word/document.xml"] == b'<w:document><w:ins w:id="1" w:date="d"><w:t>words</w:t></w:ins></w:document>'
    assert b"<w:t>why</w:t>" in kept["word/comments.xml"] and b"word/document.xml" in kept["_rels/.rels"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"MZ program",
        b"<html><script>",
        JPEG[:20],
        PNG[:40],
        b"\xff\xd8\xff\xe1\x00\x00",
        mp3(),
        b"PK\x03\x04 no archive",
        packed("xl/workbook.xml"),
        packed("word/document.xml", "word/vbaProject.bin"),
        packed("word/document.xml", content=bytes(65 * 1024 * 1024)),
    ],
    ids=["empty", "program", "page", "cut jpeg", "cut png", "endless jpeg", "recording", "broken zip", "sheet", "macros", "bomb"],
)
async def test_anything_else_is_refused_whatever_it_is_called(data: bytes) -> None:
    with pytest.raises(AttachmentNotAccepted):
        await files.accept(data, PIXELS)


async def attach(paper: Paper, data: bytes = PDF, name: str = "调研报告.pdf") -> None:
    await paper.done("POST", "/attachments", deputy(LEAD), data, **{"X-File-Name": quote(name), "Content-Type": "application/octet-stream"})


async def test_a_file_belongs_to_the_text_and_is_read_by_whoever_reads_that(service: kit.Running) -> None:
    paper = await begun(service)
    await attach(paper)
    [file] = paper.shown["attachments"]
    assert refusal(await paper.call("GET", f"/attachments/{file}", office())) == (404, "SuggestionNotFound")
    await paper.submit()
    for who in (deputy(LEAD), office(), township()):
        answer = await paper.call("GET", f"/attachments/{file}", who)
        assert answer.content.startswith(b"%PDF") and answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{quote('调研报告.pdf')}"
    other = await begun(service)
    assert refusal(await other.call("GET", f"/attachments/{file}", deputy(LEAD))) == (404, "AttachmentNotFound")


async def test_a_file_taken_off_stays_with_the_text_the_offices_were_handed(service: kit.Running) -> None:
    paper = await begun(service)
    await attach(paper)
    [file] = paper.shown["attachments"]
    await paper.pre_submit()
    await paper.done("DELETE", "/pre-submission", deputy(LEAD))
    await paper.done("DELETE", f"/attachments/{file}", deputy(LEAD))
    assert paper.shown["attachments"] == []
    assert (await paper.call("GET", f"/attachments/{file}", township())).content.startswith(b"%PDF")
    assert refusal(await paper.call("DELETE", f"/attachments/{file}", deputy(LEAD))) == (404, "AttachmentNotFound")


async def test_there_are_three_at_most_and_saving_the_form_keeps_them(service: kit.Running) -> None:
    paper = await begun(service)
    for number in range(3):
        await attach(paper, name=f"{number}.pdf")
    await paper.save(title="改过的题目")
    assert len(paper.shown["attachments"]) == 3
    headers = {"X-File-Name": "4.pdf", "Content-Type": "application/octet-stream"}
    answer = await paper.call("POST", "/attachments", deputy(LEAD), PDF, **headers)
    assert (*refusal(answer), answer.json()["code"]) == (409, "TooManyAttachments", "TooManyAttachments")
    wrong = await paper.call("POST", "/attachments", deputy(LEAD), b"MZ", **headers)
    assert wrong.status_code == 409
    await paper.submit()
    assert refusal(await paper.call("POST", "/attachments", deputy(LEAD), PDF, **headers)) == (409, "SuggestionAlreadySubmitted")
