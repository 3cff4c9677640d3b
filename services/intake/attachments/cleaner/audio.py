"""Recordings: their sound kept frame by frame or in place, their notes (names, places, pictures, times) taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from services.intake.attachments.cleaner.refusals import NotReadable, NotTaken

_LEAST_FRAMES = 2

# Layer III, by version (MPEG-1; MPEG-2 and 2.5): kbit/s by the frame's four bits.
_RATES_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_RATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_HERTZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _mp3(data: bytes) -> bytes:
    """The frames alone: tags before, between and behind them stay out."""
    kept, frames, at = bytearray(), 0, _behind_id3(data)
    while at + 4 <= len(data):
        length = _mp3_frame(data[at : at + 4])
        if not length:
            break
        if at + length > len(data):
            break
        kept += data[at : at + length]
        frames, at = frames + 1, at + length
    if frames < _LEAST_FRAMES:
        raise NotReadable
    return bytes(kept)


def _behind_id3(data: bytes) -> int:
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + 10:
        size = 0
        for byte in data[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + (10 if data[at + 5] & 0x10 else 0)
    while at < len(data) and data[at] == 0:
        at += 1
    return at


def _mp3_frame(head: bytes) -> int:
    """The length of the frame that begins so, 0 for none."""
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    rate, hertz = head[2] >> 4, head[2] >> 2 & 3
    if head[0] != 0xFF or head[1] & 0xE0 != 0xE0 or layer != 1 or version == 1 or hertz == 3:
        return 0
    kilobits = (_RATES_1 if version == 3 else _RATES_2)[rate]
    return (144 if version == 3 else 72) * kilobits * 1000 // _HERTZ[version][hertz] + (head[2] >> 1 & 1) if kilobits else 0


_NARROW = (12, 13, 15, 17, 19, 20, 26, 31, 5)
_WIDE = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5)


def _amr(data: bytes) -> bytes:
    """The frames alone; the format has no room for notes."""
    wide = data.startswith(b"#!AMR-WB\n")
    sizes, at, frames = (_WIDE if wide else _NARROW), (9 if wide else 6), 0
    while at < len(data):
        mode = data[at] >> 3 & 15
        size = sizes[mode] if mode < len(sizes) else 0
        if data[at] & 0x83 or (mode >= len(sizes) and mode < 14) or at + 1 + size > len(data):
            break
        frames, at = frames + 1, at + 1 + size
    if frames < _LEAST_FRAMES:
        raise NotReadable
    return data[:at]


_INSIDE = (b"moov", b"trak", b"mdia", b"moof", b"traf")
_NOTES = (b"udta", b"meta", b"uuid", b"free", b"skip", b"wide")
_TIMED = (b"mvhd", b"tkhd", b"mdhd")


def _mp4(data: bytes) -> bytes:
    """The same boxes in the same places, with those for notes emptied and the times of recording set to nothing."""
    kept = bytearray(data)
    found = [kind for kind, begins, ends in _boxes(data, 0, len(data)) if _clean_box(kept, kind, begins, ends)]
    if b"moov" not in found or not {b"mdat", b"moof"} & set(found):
        raise NotReadable
    return bytes(kept)


def _clean_box(kept: bytearray, kind: bytes, begins: int, ends: int) -> bool:
    if kind in _NOTES:
        kept[begins - 4 : begins] = b"free"
        kept[begins:ends] = bytes(ends - begins)
    elif kind in _INSIDE:
        for inner, at, end in _boxes(kept, begins, ends):
            _clean_box(kept, inner, at, end)
    elif kind in _TIMED:
        width = 16 if kept[begins] == 1 else 8
        kept[begins + 4 : begins + 4 + width] = bytes(width)
    elif kind == b"hdlr":
        if kept[begins + 8 : begins + 12] == b"vide":
            raise NotTaken
        kept[begins + 24 : ends] = bytes(ends - begins - 24)
    return True


def _boxes(data: bytes | bytearray, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, beginning and end of the content of each box. Boxes of 64-bit sizes are for films."""
    while at < end:
        size, kind = int.from_bytes(data[at : at + 4], "big"), bytes(data[at + 4 : at + 8])
        size = end - at if size == 0 else size
        if size < 8 or at + size > end:
            raise NotReadable
        yield kind, at + 8, at + size
        at += size


def _ogg(data: bytes) -> bytes:
    """Opus in Ogg with an empty comment header. Other codecs are no recordings of phones."""
    pages = list(_pages(data))
    if len(pages) <= _LEAST_FRAMES or not pages[0][1].startswith(b"OpusHead") or not pages[1][1].startswith(b"OpusTags"):
        raise NotReadable
    if len(pages[1][1]) % 255 == 0 or pages[1][0][26] * 255 < len(pages[1][1]) or pages[2][0][5] & 1:
        raise NotReadable  # the comments go on in the next page: a picture is among them
    empty = b"OpusTags" + bytes(8)
    head = bytearray(pages[1][0][:26]) + bytes([1, len(empty)])
    head[22:26] = bytes(4)
    head[22:26] = _sum(bytes(head) + empty).to_bytes(4, "little")
    return b"".join([*pages[0], bytes(head), empty, *(part for page in pages[2:] for part in page)])


def _pages(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Header and content of each page."""
    at = 0
    while at < len(data):
        begins = at + 27 + (data[at + 26] if at + 27 <= len(data) else 0)
        ends = begins + sum(data[at + 27 : begins])
        if data[at : at + 4] != b"OggS" or ends > len(data):
            raise NotReadable
        yield data[at:begins], data[begins:ends]
        at = ends


def _sum(page: bytes) -> int:
    """The checksum of an Ogg page (RFC 3533, section 6)."""
    total = 0
    for byte in page:
        total ^= byte << 24
        for _ in range(8):
            total = (total << 1 ^ 0x04C11DB7 if total & 0x80000000 else total << 1) & 0xFFFFFFFF
    return total


CLEANERS: dict[str, Callable[[bytes], bytes]] = {"audio/mpeg": _mp3, "audio/amr": _amr, "audio/mp4": _mp4, "audio/ogg": _ogg}
