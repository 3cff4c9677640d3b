"""Files as phones make them, and files built to harm."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from functools import cache

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, TextStringObject

from services.intake.attachments.cleaner.audio import _sum

SECRET = b"Lu Yutong"
GPS_TAG, ORIENTATION, ARTIST = 0x8825, 0x0112, 0x013B


def _exif(image: Image.Image) -> Image.Exif:
    exif = image.getexif()
    exif[ARTIST], exif[ORIENTATION] = SECRET.decode(), 6
    gps = exif.get_ifd(GPS_TAG)
    gps[1], gps[2], gps[3], gps[4] = "N", (31.0, 42.0, 11.5), "E", (119.0, 56.0, 33.0)
    return exif


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40)) -> bytes:
    """A photograph that says where and by whom it was taken, lying on its side."""
    image = Image.new("RGB", size, (200, 30, 30))
    image.paste((30, 30, 200), (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    more = {"comment": SECRET} if kind == "JPEG" else {}
    image.save(out, kind, exif=_exif(image), **more)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int, *more: bytes) -> bytes:
    """A PNG that says it has so many dots, and has hardly any."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@cache
def bursting_png() -> bytes:
    """A PNG of one dot with a text that unpacks to 100 MB."""
    return png_of(1, 1, chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(100 * 1024 * 1024), 9)))


def document(encrypted: bool = False) -> bytes:
    """A PDF with an author, XMP, a script, an enclosed file, and a photograph with its place in it."""
    writer = PdfWriter()
    page = writer.add_blank_page(200, 200)
    writer.add_metadata({"/Author": SECRET.decode(), "/Title": "意见"})
    xmp = DecodedStreamObject()
    xmp.set_data(b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>")
    xmp.update({NameObject("/Type"): NameObject("/Metadata"), NameObject("/Subtype"): NameObject("/XML")})
    writer.root_object[NameObject("/Metadata")] = writer._add_object(xmp)
    script = DictionaryObject({NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject(SECRET.decode())})
    writer.root_object[NameObject("/OpenAction")] = writer._add_object(script)
    writer.add_attachment("secret.txt", SECRET)
    photo = DecodedStreamObject()
    photo._data = picture()
    photo.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Image"),
            NameObject("/Filter"): NameObject("/DCTDecode"),
        }
    )
    pictures = DictionaryObject({NameObject("/P"): writer._add_object(photo)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): pictures})
    page[NameObject("/PieceInfo")] = DictionaryObject({NameObject("/By"): TextStringObject(SECRET.decode())})
    if encrypted:
        writer.encrypt("password")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@cache
def bursting_document() -> bytes:
    """A PDF whose table of objects unpacks to 100 MB."""
    packed = zlib.compress(bytes(100 * 1024 * 1024), 9)
    table = b"<</Type/XRef/W[1 2 1]/Size 9999999/Root 2 0 R/Filter/FlateDecode/Length %d>>stream\n" % len(packed)
    body = b"%PDF-1.7\n2 0 obj<</Type/Catalog>>endobj\n"
    return body + b"1 0 obj" + table + packed + b"\nendstream endobj\nstartxref\n%d\n%%%%EOF" % len(body)


def archive(*names: str) -> bytes:
    """A ZIP whose entries unpack to 50 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.writestr(name, bytes(50 * 1024 * 1024))
    return out.getvalue()


def mp3() -> bytes:
    """A recording with tags before and behind it, and a page hidden after them."""
    tag = b"TPE1" + SECRET
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    return b"ID3\x04\x00\x00\x00\x00\x00" + bytes([len(tag)]) + tag + frame * 5 + b"TAG" + SECRET.ljust(125, b"\0") + b"<script>"


def box(kind: bytes, *content: bytes) -> bytes:
    """A box of an MP4."""
    data = b"".join(content)
    return struct.pack(">I", len(data) + 8) + kind + data


def m4a(handler: bytes = b"soun") -> bytes:
    """A recording that says where, when and by whom it was made; with another handler a film."""
    header = box(b"mvhd", struct.pack(">IIIII", 0, 3_900_000_000, 3_900_000_000, 1000, 1000), bytes(80))
    kind = box(b"hdlr", bytes(8), handler, bytes(12), SECRET + b"\0")
    notes = box(b"udta", box(b"\xa9xyz", b"+31.7012+119.9421/"), box(b"meta", SECRET))
    track = box(b"trak", box(b"mdia", kind), notes)
    return box(b"ftyp", b"M4A ", bytes(4)) + box(b"moov", header, track, notes) + box(b"mdat", b"sound" * 40)


def page(flags: int, number: int, content: bytes) -> bytes:
    """A page of an Ogg file."""
    lacing = [255] * (len(content) // 255) + [len(content) % 255]
    head = bytearray(b"OggS" + struct.pack("<BBQIII", 0, flags, 0, 7, number, 0) + bytes([len(lacing), *lacing]))
    head[22:26] = _sum(bytes(head) + content).to_bytes(4, "little")
    return bytes(head) + content


def ogg() -> bytes:
    """A voice message with a comment."""
    comment = b"ARTIST=" + SECRET
    tags = b"OpusTags" + struct.pack("<I", 4) + b"phon" + struct.pack("<II", 1, len(comment)) + comment
    return page(2, 0, b"OpusHead" + bytes(11)) + page(0, 1, tags) + page(0, 2, b"sound" * 20) + page(4, 3, b"sound" * 20)


def element(kind: str, content: bytes) -> bytes:
    """An element of a WebM."""
    return bytes.fromhex(kind) + (len(content) | 1 << 28).to_bytes(4, "big") + content


def webm(track_type: int = 2) -> bytes:
    """A recording as a browser makes it, of unknown length, with a title and tags; of type 1 a film."""
    endless = b"\x01\xff\xff\xff\xff\xff\xff\xff"
    head = element("1a45dfa3", element("4282", b"webm"))
    info = element("1549a966", element("7ba9", SECRET) + element("4461", bytes(8)) + element("2ad7b1", b"\x0f\x42\x40"))
    tracks = element("1654ae6b", element("ae", element("83", bytes([track_type])) + element("536e", SECRET)))
    sound = bytes.fromhex("1f43b675") + endless + element("e7", b"\0") + element("a3", b"\x81\0\0\x80" + b"sound" * 30)
    return head + bytes.fromhex("18538067") + endless + info + tracks + sound + element("1254c367", element("7373", SECRET * 30))


def amr() -> bytes:
    """Three frames of the narrow band."""
    return b"#!AMR\n" + (b"\x3c" + bytes(31)) * 3
