"""Finds words and phrases in what people type, whatever case, accents, width or invisible characters hide them."""

import re
import unicodedata
from typing import Final

_SPACES: Final = re.compile(r"\s+")
# What no reader sees and no category names: fillers of Hangul, vowels of Khmer, variation selectors, and what Unicode
# keeps free for more of such.
_INVISIBLE: Final = re.compile(
    "[\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5\u2065\u180b-\u180f\ufe00-\ufe0f\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
# Scripts that are written without spaces, or with particles joined to a word: there a word may begin anywhere.
_JOINED: Final = (
    *("CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "HANGUL", "YI"),
    *("THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"),
)
# Combining classes of marks that a reader does without: strokes through letters, the vowels of Hebrew and Arabic, and
# all that is put above or below.
_STROKE: Final = 1
_VOWELS: Final = range(10, 37)
_ABOVE_AND_BELOW: Final = 200


def fold(text: str) -> str:
    """Prepare a text to be compared: without case, accents, width and invisible characters, each gap one space."""
    compatible = unicodedata.normalize("NFKC", text).casefold()
    seen = _INVISIBLE.sub("", unicodedata.normalize("NFD", compatible))
    bare = "".join(each for each in seen if not _left_out(each))
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", bare)).strip()


def occurs(words: str, text: str) -> bool:
    """Say whether a word or a phrase stands in a text as such, not inside a longer word. Both have been folded."""
    if not words:
        return False
    start = text.find(words)
    while start >= 0:
        end = start + len(words)
        if _bounded(text[start - 1 : start], words[0]) and _bounded(text[end : end + 1], words[-1]):
            return True
        start = text.find(words, start + 1)
    return False


def _left_out(character: str) -> bool:
    if unicodedata.category(character) in {"Cf", "Me"}:
        return True
    if unicodedata.category(character) == "Cc":
        return not character.isspace()
    rank = unicodedata.combining(character)
    return rank >= _ABOVE_AND_BELOW or rank == _STROKE or rank in _VOWELS


def _bounded(outside: str, edge: str) -> bool:
    """Say whether a word that begins or ends with `edge` may do so beside that character, which may be none."""
    return not (outside and _in_word(outside) and _in_word(edge) and not _joined(outside) and not _joined(edge))


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.category(character).startswith("M")


def _joined(character: str) -> bool:
    return unicodedata.name(character, "").startswith(_JOINED)
