"""The cleaner: what people did not mean to send is gone, what they did is there, and files built to harm are refused."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable

import pytest
from PIL import Image
from pypdf import PdfReader

from services.intake.attachments import cleaning
from services.intake.attachments.cleaner import audio, documents, pictures, webm
from services.intake.attachments.cleaner.refusals import NotReadable, NotTaken, TooManyDots
from services.intake.attachments.errors import FileNotReadable, KindNotAccepted, PictureTooLarge
from services.intake.attachments.kinds import MEDIA, media_type_of
from shared.settings import ROOT
from tests.intake.attachments import files
from tests.intake.attachments.files import SECRET

PIXELS = 40_000_000
MADE: dict[str, Callable[[], bytes]] = {
    "image/jpeg": files.picture,
    "image/png": lambda: files.picture("PNG"),
    "image/webp": lambda: files.picture("WEBP"),
    "application/pdf": files.document,
    "audio/mpeg": files.mp3,
    "audio/mp4": files.m4a,
    "audio/ogg": files.ogg,
    "audio/webm": files.webm,
    "audio/amr": files.amr,
}


def test_there_is_a_file_of_every_kind_that_is_taken_and_each_is_known_by_its_content() -> None:
    assert {name: media_type_of(make()[:64]) for name, make in MADE.items()} == {name: name for name in MEDIA}


OTHERS = [b"", b"MZ", b"<html>", b"PK\x03\x04", b"GIF89a", b"\0\0\0\x18ftypheic", b"\x7fELF", b"RIFF....WAVE", b"<svg"]


@pytest.mark.parametrize("head", OTHERS)
def test_nothing_else_is_taken(head: bytes) -> None:
    assert media_type_of(head) is None


@pytest.mark.parametrize("name", ["image/jpeg", "image/png", "image/webp"])
def test_a_photograph_loses_its_place_and_maker_and_stands_upright(name: str) -> None:
    before = MADE[name]()
    assert SECRET in before
    cleaned = pictures.clean(before, name, PIXELS)
    image = Image.open(io.BytesIO(cleaned))
    assert SECRET not in cleaned and not dict(image.getexif()) and not image.getexif().get_ifd(files.GPS_TAG)
    assert image.size == (40, 60)
    top, bottom = image.convert("RGB").getpixel((20, 5)), image.convert("RGB").getpixel((20, 55))
    assert top[2] > 150 > top[0] and bottom[0] > 150 > bottom[2]


def test_what_hides_behind_a_picture_does_not_come_through() -> None:
    assert b"script" not in pictures.clean(files.picture() + b"<script>", "image/jpeg", PIXELS)


def test_a_transparent_picture_stays_so() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (4, 4), (1, 2, 3, 0)).save(out, "PNG")
    assert Image.open(io.BytesIO(pictures.clean(out.getvalue(), "image/png", PIXELS))).getpixel((1, 1))[3] == 0


def test_a_picture_of_too_many_dots_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(TooManyDots):
        pictures.clean(files.png_of(30_000, 30_000), "image/png", PIXELS)


@pytest.mark.parametrize("data", [files.picture()[:300], files.png_of(50, 50), files.bursting_png()[:200]], ids=["cut", "empty", "cut png"])
def test_a_damaged_picture_is_refused(data: bytes) -> None:
    with pytest.raises(NotReadable):
        pictures.clean(data, media_type_of(data) or "", PIXELS)


def test_a_document_keeps_its_pages_and_loses_author_xmp_script_enclosure_and_the_photographs_place() -> None:
    before = files.document()
    assert before.count(SECRET) >= 4
    cleaned = documents.clean(before)
    assert SECRET not in cleaned and b"/JavaScript" not in cleaned and b"EmbeddedFile" not in cleaned and b"Exif" not in cleaned
    reader = PdfReader(io.BytesIO(cleaned))
    photo = reader.pages[0]["/Resources"]["/XObject"]["/P"]
    assert len(reader.pages) == 1 and not (reader.metadata or {}).get("/Author")
    assert Image.open(io.BytesIO(photo._data)).size == (60, 40)


UNREADABLE = [b"%PDF-1.7\n", files.document()[:400], files.document(encrypted=True)]


@pytest.mark.parametrize("data", UNREADABLE, ids=["nothing", "cut", "encrypted"])
def test_a_document_that_nobody_can_read_is_refused(data: bytes) -> None:
    with pytest.raises(NotReadable):
        documents.clean(data)


@pytest.mark.parametrize("name", ["audio/mpeg", "audio/mp4", "audio/ogg", "audio/webm"])
def test_a_recording_keeps_its_sound_and_loses_its_notes(name: str) -> None:
    before = MADE[name]()
    assert SECRET in before
    cleaned = webm.clean(before) if name == "audio/webm" else audio.CLEANERS[name](before)
    assert SECRET not in cleaned and b"+31.7012" not in cleaned and b"script" not in cleaned
    assert media_type_of(cleaned[:64]) == name
    sound = b"\xff\xfb\x90\x00" + bytes(413) if name == "audio/mpeg" else b"sound" * 20
    assert cleaned.count(sound) == before.count(sound) > 0
    if name in ("audio/mp4", "audio/webm"):
        assert len(cleaned) == len(before)


def test_the_time_of_a_recording_is_gone() -> None:
    assert (3_900_000_000).to_bytes(4, "big") not in audio.CLEANERS["audio/mp4"](files.m4a())


def test_the_page_that_replaces_comments_has_a_right_checksum() -> None:
    cleaned = audio.CLEANERS["audio/ogg"](files.ogg())
    _, (head, content), *_ = audio._pages(cleaned)
    zeroed = bytearray(head)
    zeroed[22:26] = bytes(4)
    assert audio._sum(bytes(zeroed) + content) == int.from_bytes(head[22:26], "little")


@pytest.mark.parametrize("clean", [lambda: audio.CLEANERS["audio/mp4"](files.m4a(b"vide")), lambda: webm.clean(files.webm(1))])
def test_a_film_is_no_recording(clean: Callable[[], bytes]) -> None:
    with pytest.raises(NotTaken):
        clean()


@pytest.mark.parametrize("name", ["audio/mpeg", "audio/mp4", "audio/ogg", "audio/webm", "audio/amr"])
@pytest.mark.parametrize("keep", [14, 40])
def test_a_recording_without_sound_is_refused(name: str, keep: int) -> None:
    data = MADE[name]()[:keep]
    with pytest.raises(NotReadable):
        webm.clean(data) if name == "audio/webm" else audio.CLEANERS[name](data)


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (files.bursting_png(), FileNotReadable),
        (files.png_of(30_000, 30_000), PictureTooLarge),
        (files.bursting_document(), FileNotReadable),
        (files.m4a(b"vide"), KindNotAccepted),
    ],
    ids=["text bomb", "dots", "table bomb", "film"],
)
async def test_the_cleaner_s_process_ends_with_the_refusal(data: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        await cleaning.clean(data, media_type_of(data) or "", PIXELS)


def test_the_service_itself_loads_no_library_that_reads_files() -> None:
    look = "import sys, services.intake.main; sys.exit(any(name in sys.modules for name in ('PIL', 'pypdf')))"
    assert subprocess.run([sys.executable, "-c", look], cwd=ROOT, check=False).returncode == 0


async def test_the_cleaner_s_process_gives_the_cleaned_file_back() -> None:
    cleaned = await cleaning.clean(files.picture(), "image/jpeg", PIXELS)
    assert SECRET not in cleaned and Image.open(io.BytesIO(cleaned)).size == (40, 60)
