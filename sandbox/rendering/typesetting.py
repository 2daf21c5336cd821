"""Sets text so that it fits: words wrapped into a box, in the largest size that holds them."""

import bisect
import functools
import importlib.util
import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from PIL import ImageFont

Font = ImageFont.FreeTypeFont

NOTO_PACKAGE: Final = "noto_cjk_sans_otc"  # of the extra `sandbox`
NOTO_FILE: Final = "NotoSansCJK-Regular.ttc"
NOTO_INDEX: Final = 2  # of the faces in that file, the one with the shapes of Simplified Chinese
NOWHERE = "\uffff"  # no face has this character, so it draws what a face draws for want of one
LEADING = 1.28  # line height over font size


class Face(Enum):
    """The faces there are, of which none is the machine's: a video is the same wherever it is drawn."""

    PILLOW = "the one in Pillow, which has little but English"
    NOTO = "Noto Sans CJK: Chinese, Japanese and Korean, Greek, Cyrillic, and letters with accents"


@dataclass(frozen=True, slots=True)
class Block:
    """Text set in lines: the font, and how far one line is from the next, in pixels."""

    lines: tuple[str, ...]
    font: Font
    leading: int

    @property
    def height(self) -> int:
        """The height of all lines, in pixels."""
        return self.leading * len(self.lines)


def clean(text: str) -> str:
    """Make one line without control and format characters, which no face draws."""
    shown = (" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    return " ".join("".join(shown).split())


@functools.lru_cache(maxsize=256)
def font(size: int, face: Face = Face.PILLOW) -> Font:
    """Load a face at a size in pixels."""
    if face is Face.NOTO:
        return ImageFont.truetype(str(_noto()), size, index=NOTO_INDEX)
    bundled = ImageFont.load_default(size)
    if not isinstance(bundled, ImageFont.FreeTypeFont):  # pragma: no cover - Pillow without FreeType
        raise TypeError("Pillow was built without FreeType, which text is drawn with")
    return bundled


def faces() -> tuple[Face, ...]:
    """List the faces that are installed; without the Noto font only Pillow's."""
    return (Face.PILLOW,) if _noto() is None else tuple(Face)


def face_for(text: str) -> Face:
    """Choose the first face that draws the whole text, else the one that draws the most."""
    wanted = {c for c in text if not c.isspace()}
    missing = {face: _missing(wanted, face) for face in faces()}
    return min(missing, key=missing.__getitem__)


@functools.cache
def _noto() -> Path | None:
    package = importlib.util.find_spec(NOTO_PACKAGE)
    return Path(package.origin).with_name(NOTO_FILE) if package and package.origin else None


def _missing(characters: Iterable[str], face: Face) -> int:
    return sum(not _draws(character, face) for character in characters)


@functools.lru_cache(maxsize=16384)
def _draws(character: str, face: Face) -> bool:
    probe = font(20, face)
    return bytes(probe.getmask(character)) != bytes(probe.getmask(NOWHERE))


def fit(text: str, *, width: int, height: int, sizes: Iterable[int]) -> Block:
    """Set the text in the first of the (falling) sizes in which it fits; in the last it is cut with `…`."""
    text = clean(text)
    face = face_for(text)
    block, room = Block((), font(1, face), 1), 1
    for size in sizes:
        leading = round(size * LEADING)
        room = max(1, height // leading)
        # A line too many is enough to know that the rest does not fit either.
        lines = itertools.islice(_wrap(text, font(size, face), width), room + 1)
        block = Block(tuple(lines), font(size, face), leading)
        if block.height <= height:
            return block
    last = block.lines[room - 1]
    while last and block.font.getlength(last + "…") > width:
        last = last[:-1]
    return Block((*block.lines[: room - 1], last.rstrip(" .…") + "…"), block.font, block.leading)


def _wrap(text: str, face: Font, width: int) -> Iterator[str]:
    line = ""
    for piece in itertools.chain.from_iterable(_pieces(word, face, width) for word in _words(text)):
        if face.getlength((line + piece).rstrip()) <= width:
            line += piece
            continue
        yield line.rstrip()
        line = piece.lstrip()
    yield line.rstrip()


def _words(text: str) -> Iterator[str]:
    """List the parts between which a line may break."""
    word = ""
    for character in text:
        if word and _breaks(word[-1], character):
            yield word
            word = ""
        word += character
    if word:
        yield word


def _breaks(before: str, after: str) -> bool:
    """Tell whether a line may break: after a space, around ideographs, never before what closes or after what opens."""
    if before == " " or after == " ":
        return before == " "
    if unicodedata.category(after) in ("Pe", "Pf", "Po") or unicodedata.category(before) in ("Ps", "Pi"):
        return False
    return any(unicodedata.east_asian_width(character) in "WF" for character in (before, after))


def _pieces(word: str, face: Font, width: int) -> Iterator[str]:
    """Cut the word into as many parts as it takes where it alone is wider than a line."""

    def wide(end: int) -> bool:
        return face.getlength(word[:end]) > width

    while face.getlength(word.rstrip()) > width and len(word) > 1:
        # The longest beginning that is not, found by halving: a prompt may be one word of 2500 letters.
        end = max(1, bisect.bisect_left(range(1, len(word)), True, key=wide))
        yield word[:end]
        word = word[end:]
    yield word
