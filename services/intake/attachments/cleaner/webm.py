"""WebM recordings: each element for notes is overwritten in place by one that says nothing (RFC 8794, RFC 9559)."""

from __future__ import annotations

from services.intake.attachments.cleaner.refusals import NotReadable, NotTaken

_EBML, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
_INFO, _TRACKS, _TRACK, _TRACK_TYPE, _BLOCK_GROUP = 0x1549A966, 0x1654AE6B, 0xAE, 0x83, 0xA0
_SIMPLE_BLOCK = 0xA3
_ENTERED = (_SEGMENT, _CLUSTER, _INFO, _TRACKS, _TRACK, _BLOCK_GROUP)
_ENDLESS = (_SEGMENT, _CLUSTER)
# Tags, Attachments, Chapters; Title, DateUTC, MuxingApp, WritingApp, SegmentFilename; a track's Name; Void, which may hold anything.
_NOTES = (0x1254C367, 0x1941A469, 0x1043A770, 0x7BA9, 0x4461, 0x4D80, 0x5741, 0x7384, 0x536E, 0xEC)
_VIDEO = 1


def clean(data: bytes) -> bytes:
    """The recording without tags. Raises NotTaken for a film, NotReadable."""
    kept, at, blocks = bytearray(data), 0, 0
    try:
        while at < len(data):
            kind, begins = _kind(data, at)
            size, begins = _size(data, begins)
            if size is None and kind not in _ENDLESS:
                raise NotReadable
            if at == 0 and kind != _EBML:
                raise NotReadable
            ends = begins if kind in _ENTERED else begins + (size or 0)
            if ends > len(data):
                raise NotReadable
            if kind in _NOTES:
                kept[at:ends] = _void(ends - at)
            elif kind == _TRACK_TYPE and data[begins:ends] == bytes([_VIDEO]):
                raise NotTaken
            blocks += kind in (_SIMPLE_BLOCK, _BLOCK_GROUP)
            at = ends
    except IndexError as error:
        raise NotReadable from error
    if not blocks:
        raise NotReadable
    return bytes(kept)


def _length(first: int) -> int:
    """How many bytes a number has whose first byte this is."""
    if first == 0:
        raise NotReadable
    return 9 - first.bit_length()


def _kind(data: bytes, at: int) -> tuple[int, int]:
    length = _length(data[at])
    if length > 4:
        raise NotReadable
    return int.from_bytes(data[at : at + length], "big"), at + length


def _size(data: bytes, at: int) -> tuple[int | None, int]:
    """The size of an element's content, None when it is not told, and where the content begins."""
    length = _length(data[at])
    value = int.from_bytes(data[at : at + length], "big") & (1 << 7 * length) - 1
    return (None if value == (1 << 7 * length) - 1 else value), at + length


def _void(length: int) -> bytes:
    """An element of that many bytes that says nothing."""
    if length < 129:
        return bytes([0xEC, 0x80 | length - 2]) + bytes(length - 2)
    return b"\xec\x01" + (length - 9).to_bytes(7, "big") + bytes(length - 9)
