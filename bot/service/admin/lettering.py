"""Finds fonts for texts that are drawn: Pillow's own, else one of the machine's that has the letters."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from PIL import ImageFont

    Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

ELLIPSIS: Final = "…"

_OWN: Final = ""  # Pillow's font
# Files of fonts with Chinese, Japanese and Korean letters, as they are called on Linux, macOS and Windows.
_WIDE: Final = (
    *("NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf", "SourceHanSansSC-Regular.otf"),
    *("wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "PingFang.ttc", "msyh.ttc"),
)
_NO_LETTER: Final = "\U0010ffff"  # stands for no letter in any font, so that it is drawn as what is missing
_SIZE: Final = 20  # pixels, at which letters are compared


def can_write(text: str) -> bool:
    """Say whether some font has all letters of a text."""
    return any(_has_all(name, text) for name in _fonts())


def font_for(text: str, size: int) -> Font:
    """Load the first font that has all letters of a text, at a size in pixels; Pillow's own where none has."""
    return _load(next((name for name in _fonts() if _has_all(name, text)), _OWN), size)


def writable(text: str) -> str:
    """Keep of a text what the font that has the most of it can write: of names, all but the pictures in them."""
    kept = ("".join(each for each in text if _has(name, each)) for name in _fonts())
    return " ".join(max(kept, key=len).split())


def fit(text: str, font: Font, room: float) -> str:
    """Cut a text to so many pixels."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + ELLIPSIS) > room:
        text = text[:-1]
    return text.rstrip() + ELLIPSIS


@cache
def _fonts() -> tuple[str, ...]:
    """List the fonts that this machine has, Pillow's own first."""
    return (_OWN, *(name for name in _WIDE if _is_there(name)))


def _is_there(name: str) -> bool:
    try:
        _load(name, _SIZE)
    except OSError:
        return False
    return True


@cache
def _load(name: str, size: int) -> Font:
    from PIL import ImageFont  # noqa: PLC0415 (loaded by the bots that draw)

    return ImageFont.truetype(name, size) if name else ImageFont.load_default(size)


def _has_all(name: str, text: str) -> bool:
    return all(_has(name, each) for each in text)


@lru_cache(maxsize=4096)
def _has(name: str, letter: str) -> bool:
    """Say whether a font has a letter: whether it draws it otherwise than one that it can't have."""
    if letter.isspace():
        return True
    font = _load(name, _SIZE)
    return bytes(font.getmask(letter)) != bytes(font.getmask(_NO_LETTER))
