"""What is taken out of texts before anybody reads them."""

import pytest

from bot.redaction import HIDDEN, Redactor

BOT_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789_-"
WEB_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhayJ9.c2lnbmF0dXJl"


def test_a_secret_that_begins_with_another_is_hidden_whole() -> None:
    assert Redactor(["secret", "secret-and-more"])("a secret-and-more b secret") == f"a {HIDDEN} b {HIDDEN}"


def test_a_word_too_short_for_a_secret_is_left_alone() -> None:
    assert Redactor(["cat", ""])("the cat sat") == "the cat sat"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"login with {BOT_TOKEN} failed", f"login with {HIDDEN} failed"),
        ("Authorization: Bearer abc.def-1", f"Authorization: Bearer {HIDDEN}"),
        (f"signed {WEB_TOKEN}.", f"signed {HIDDEN}."),
        ("token aW50ZXJhY3Rpb246MTIzNDU2 gone", f"token {HIDDEN} gone"),
        (
            "PATCH /api/v10/webhooks/12/t0ken_-x/messages/@original",
            f"PATCH /api/v10/webhooks/12/{HIDDEN}/messages/@original",
        ),
        ("POST /interactions/34/t0ken/callback", f"POST /interactions/34/{HIDDEN}/callback"),
        ("GET https://cdn/a.mp4?x=1&Signature=abc%3D&y=2", f"GET https://cdn/a.mp4?x=1&Signature={HIDDEN}&y=2"),
        (
            "bad callback_url https://bot.example/callbacks/kling/0a1b-2/f00d, try again",
            f"bad callback_url https://bot.example/callbacks/kling/0a1b-2/{HIDDEN}, try again",
        ),
        (
            r"https:\/\/bot.example\/callbacks\/kling\/0a1b\/f00d",
            rf"https:\/\/bot.example\/callbacks\/kling\/0a1b\/{HIDDEN}",
        ),
        ("postgresql://bot:pa55@db/shots", f"postgresql://bot:{HIDDEN}@db/shots"),
        ('{"prompt": "a \\"cat\\"", "n": 1}', f'{{"prompt": "{HIDDEN}", "n": 1}}'),
        ("Wish(prompt='a cat', seconds=5)", f'Wish(prompt="{HIDDEN}", seconds=5)'),
        ("{'negative_prompt': \"it's cut off", f"{{'negative_prompt': \"{HIDDEN}\""),
        ("the prompt was refused, token by token", "the prompt was refused, token by token"),
        ("bot.service.videos_and_more_words.worker", "bot.service.videos_and_more_words.worker"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, kept: str) -> None:
    assert Redactor([])(text) == kept


@pytest.mark.parametrize(
    "spelling",
    ['k"y/+\\sekret é', r"k\"y/+\\sekret \u00e9", r"k\"y\/+\\sekret \u00e9", "k%22y%2F%2B%5Csekret%20%C3%A9"],
)
def test_a_secret_is_hidden_as_json_and_addresses_spell_it(spelling: str) -> None:
    redact = Redactor(['k"y/+\\sekret é'])
    assert redact(f"<{spelling}>") == f"<{HIDDEN}>"
    assert redact.finds(spelling)
    assert not redact.finds("nothing to hide")
