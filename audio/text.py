"""Text from outside, made fit for a screen, a log, a database and JSON.

In: a file's name, a tag, an error's text, whatever bytes they once were. Out: the same on one line, in valid Unicode.
Python hands over bytes that are not UTF-8 as lone surrogates, which no encoder takes; they are read as Windows-1252,
which file names that are not UTF-8 mostly are. Stateless.
"""

_CONTROLS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)  # C0, DEL, C1 and the separators of lines
_ESCAPED = range(0xDC80, 0xDD00)  # bytes 0x80..0xff, as `os.fsdecode` hands them over
_FIT = (
    dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
    | {code: bytes([code - 0xDC00]).decode("cp1252", "replace") for code in _ESCAPED}
    | dict.fromkeys(_CONTROLS, " ")
)


def printable(text: str) -> str:
    """The text on one line, without control characters and lone surrogates."""
    return text.translate(_FIT)
