"""The parts of a message that can be pressed or hold others, as HTML: Discord's components, old and new.

The numbers of types and styles are Discord's (its documents: "Components", "Component Object", "Button Styles").
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from docs.pictures.markup import Reader, as_html

Part = dict[str, Any]

STYLES: Final = {1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "primary"}
LINK: Final = 5
WIDE: Final = 2  # the spacing of a separator with more room


class UnknownPart(ValueError):
    """A type of component that nobody taught this program to draw."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Painter:
    """Draws components for one reader. `videos` maps a video's address to what stands in its place (see `View`)."""

    reader: Reader
    videos: Mapping[str, str]

    def draw(self, part: Part) -> str:
        """One component with all that is in it.

        Raises:
            UnknownPart: it is of a type that is not drawn here.
        """
        drawn: dict[int, Callable[[Part], str]] = {
            1: self._row,
            2: button,
            3: select,
            **dict.fromkeys((5, 6, 7, 8), select),  # people, roles, both, channels
            9: self._section,
            10: self._text,
            11: lambda part: self.media(part["media"], kind="thumbnail"),
            12: self._gallery,
            13: lambda part: file_box(part.get("name") or part["file"]["url"].rpartition("/")[2]),
            14: _separator,
            17: self._container,
        }
        if part["type"] not in drawn:
            raise UnknownPart(part["type"])
        return drawn[part["type"]](part)

    def media(self, media: Mapping[str, Any], *, kind: str = "video") -> str:
        """A picture or a video: its own frame, or the colour that stands for moving ones."""
        shape = f"aspect-ratio:{media['width']}/{media['height']};" if media.get("width") else ""
        video = self.videos.get(media["url"], "#15161a")
        if video.startswith("#"):
            return f"<div class='{kind}' style='{shape}background:{video}'></div>"
        play = "<div class='play'></div>" if kind == "video" else ""
        return f"<div class='{kind}' style='{shape}background-image:url({video})'>{play}</div>"

    def _all(self, parts: list[Part]) -> str:
        return "".join(map(self.draw, parts))

    def _row(self, part: Part) -> str:
        return f"<div class='buttons'>{self._all(part['components'])}</div>"

    def _text(self, part: Part) -> str:
        return f"<div class='text'>{as_html(part['content'], self.reader)}</div>"

    def _section(self, part: Part) -> str:
        return f"<div class='section'><div>{self._all(part['components'])}</div>{self.draw(part['accessory'])}</div>"

    def _gallery(self, part: Part) -> str:
        return f"<div class='gallery'>{''.join(self.media(each['media']) for each in part['items'])}</div>"

    def _container(self, part: Part) -> str:
        colour = part.get("accent_color")
        accent = "" if colour is None else f" style='border-left:4px solid #{colour:06x}'"
        return f"<div class='container'{accent}>{self._all(part['components'])}</div>"


def button(part: Part) -> str:
    """A button in its colour; grey and faint where it can't be pressed."""
    sign = _sign(part.get("emoji"))
    away = "<span class='away'>↗&#xfe0e;</span>" if part["style"] == LINK else ""
    off = " off" if part.get("disabled") else ""
    label = f"<span>{escape(part['label'])}</span>" if part.get("label") else ""
    return f"<span class='button {STYLES[part['style']]}{off}'>{sign}{label}{away}</span>"


def select(part: Part) -> str:
    """A closed list: what is chosen, else its placeholder."""
    chosen = [option for option in part.get("options", ()) if option.get("default")]
    shown = "".join(f"<span>{_sign(each.get('emoji'))}{escape(each['label'])}</span>" for each in chosen)
    hint = f"<i>{escape(part.get('placeholder') or 'Make a selection')}</i>"
    off = " off" if part.get("disabled") else ""
    return f"<div class='select{off}'><div>{shown or hint}</div><s></s></div>"


def file_box(name: str) -> str:
    """A file that is not shown itself."""
    return f"<div class='file'>📄 {escape(name)}</div>"


def _separator(part: Part) -> str:
    line = " line" if part.get("divider", True) else ""
    return f"<div class='separator{' wide' if part.get('spacing') == WIDE else ''}{line}'></div>"


def _sign(emoji: Mapping[str, Any] | None) -> str:
    return f"<em>{escape(emoji.get('name') or '')}</em>" if emoji else ""
