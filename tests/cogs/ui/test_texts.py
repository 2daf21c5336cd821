"""What people see of requests and jobs: within Discord's limits for the longest input, and harmless for the worst."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain import (
    PROMPT_LIMIT,
    Account,
    CameraControl,
    DeadLetter,
    Destination,
    Job,
    JobStatus,
    Mode,
    Shot,
    VideoRequest,
)
from bot.domain.request import SHOT_PROMPT_LIMIT
from bot.locale import locales, words
from bot.service.jobs.eta import JobView
from bot.service.ports import Card, phase_of
from cogs.credits.quota import BAR, bar
from cogs.ui import cut, link, safe
from cogs.ui.job_views import PROMPT_ON_CARD, alt_text, card_embed, job_line, result_text
from cogs.ui.limits import ALT_TEXT
from cogs.ui.text import ELLIPSIS, MARKS, command_text, either, failure, failure_to_admin, seen_link
from tests import jobs

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
ID = 2**63 - 1
HOSTILE = "@everyone [a](https://evil.example) [b](https://evil.example) **b** <@&123456789012345678> <t:0:R> `c` ||d||"
LONGEST = ("*" * PROMPT_LIMIT, "\N{VIDEO GAME}" * PROMPT_LIMIT, (HOSTILE * 99)[:PROMPT_LIMIT], "a\n" * 1250)
REQUESTS = [
    *(
        VideoRequest(model="kirin_v3_t2v", prompt=prompt, mode=Mode.PRO, sound=True, watermark=True)
        for prompt in LONGEST
    ),
    VideoRequest(
        model="kling-v1", prompt="x", cfg_scale=0.123, camera=CameraControl.named("horizontal", strength=-9.87)
    ),
    VideoRequest(
        model="kirin_v3_t2v", duration=12, shots=(Shot(prompt="[" * SHOT_PROMPT_LIMIT, seconds=2),) * 6, prompt=""
    ),
]


def job(request: VideoRequest = REQUESTS[0], **changes: object) -> Job:
    made = jobs.job(
        idempotency_key=str(ID),
        user_id=ID,
        destination=Destination(guild_id=ID, channel_id=ID, upload_limit=10_000_000),
        request=request,
        owner="user",
        credits=999_999,
        usd_micros=1,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


ENDED = {"finished_at": NOW + timedelta(days=400)}
POSTED = {"message_id": ID, "message_channel_id": ID}
STATES: list[dict[str, object]] = [
    {},
    {"status": JobStatus.SUBMITTING},
    {"status": JobStatus.RUNNING, "submitted_at": NOW},
    {"status": JobStatus.SUCCEEDED, **ENDED},
    {"status": JobStatus.SUCCEEDED, **ENDED, **POSTED, "delivered_at": NOW},
    {"status": JobStatus.SUCCEEDED, **ENDED, "dead_letter": DeadLetter.UNDELIVERABLE},
    {"status": JobStatus.SUBMITTING, "dead_letter": DeadLetter.OUTCOME_UNKNOWN},
    {"status": JobStatus.CANCELLED, **ENDED},
]
WHY = ("content", "permanent", "transient", "operator", "deadline", "result", "internal")
STATES += [{"status": JobStatus.FAILED, "failure": why, "failure_code": "`@everyone`" * 99, **ENDED} for why in WHY]


def harmless(text: str) -> None:
    """No mention, no link with another text, no timestamp: nothing that Discord would make something of."""
    assert "@everyone" not in text
    assert not re.search(r"(?<!\\)\[[^\]]*\]\(https://evil", text)
    assert not re.search(r"(?<!\\)<(?:@[^\u200b]|t:0)", text)
    assert "https://evil" not in text


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("request_", REQUESTS)
def test_a_card_fits_and_harms_nobody(request_: VideoRequest, state: dict[str, object], locale: str) -> None:
    shown = job(request_, **state)
    expected = NOW + timedelta(minutes=5)
    card = Card(job=shown, phase=phase_of(shown), position=10_000, expected_at=expected)
    embed = card_embed(card, words(locale))
    assert len(embed.title or "") <= 256
    assert len(embed.description or "") <= 4096
    assert len(embed.footer.text or "") <= 2048
    assert len(embed) <= 6000
    assert f"<@{ID}>" in (embed.description or "")  # whose it is
    assert shown.id not in f"{embed.title}{embed.description}{embed.footer.text}"
    harmless((embed.description or "").replace(f"<@{ID}>", ""))


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize("request_", REQUESTS)
def test_a_result_fits_and_harms_nobody(request_: VideoRequest, locale: str) -> None:
    done = job(request_, **STATES[4])
    text = result_text(done, words(locale))
    assert len(f"<@{ID}> {text}") <= 1900
    harmless(text)
    assert len(alt_text(done, words(locale))) <= ALT_TEXT


@pytest.mark.parametrize("locale", locales())
@pytest.mark.parametrize("state", STATES)
def test_a_line_of_a_list_is_short_and_harms_nobody(state: dict[str, object], locale: str) -> None:
    shown = job(REQUESTS[2], **state)
    line = job_line(JobView(job=shown, position=10_000 if not state else None), words(locale))
    assert len(line) <= 900
    harmless(line)
    assert shown.id not in line


@pytest.mark.parametrize(
    ("state", "cost"),
    [
        ({}, 999_999),
        ({"status": JobStatus.SUCCEEDED, "delivered_at": NOW}, 999_999),
        ({"status": JobStatus.CANCELLED}, 0),
        ({"status": JobStatus.FAILED, "failure": "content"}, 0),
        ({"status": JobStatus.FAILED, "failure": "expired"}, 999_999),
    ],
)
def test_a_line_of_a_list_says_what_a_video_cost_and_nothing_of_what_was_given_back(
    state: dict[str, object], cost: int
) -> None:
    say = words("en-US")
    line = job_line(JobView(job=job(REQUESTS[4], **state)), say)
    assert f" · {say('credits', n=cost)}" in line


def test_a_video_is_looked_at_in_its_message_or_else_on_its_card_which_goes_once_it_is_delivered() -> None:
    waits = job(card_channel_id=ID, card_message_id=5)
    assert (seen_link(waits) or "").endswith("/5")
    assert (seen_link(job(message_channel_id=ID, message_id=ID, delivered_at=NOW)) or "").endswith(f"/{ID}")
    assert seen_link(replace(waits, delivered_at=NOW)) is None


@pytest.mark.parametrize("locale", locales())
def test_a_failure_is_told_to_members_without_its_code_which_admins_read_too(locale: str) -> None:
    say, failed = words(locale), job(status=JobStatus.FAILED, failure="content", failure_code="1301")
    assert failure(failed, say) == say("failed.content.1301")
    assert "1301" in failure_to_admin(failed, say)
    nameless = replace(failed, failure_code="")
    assert failure_to_admin(nameless, say) == failure(nameless, say) == say("failed.content")
    denied = replace(failed, failure="denied", failure_code="too dark")
    assert failure_to_admin(denied, say) == failure(denied, say)
    assert "too dark" in failure(denied, say)


@given(st.text(max_size=400), st.integers(min_value=1, max_value=300))
@example(HOSTILE, 300)
@example("\\" * 300, 300)
@example("> quote # heading", 300)
@example("- list", 20)
@example("\u202egnp.exe", 20)
def test_what_was_typed_becomes_plain_text_on_one_line(text: str, most: int) -> None:
    shown = safe(text, most)
    assert len(shown) <= 2 * most
    assert shown.isprintable() or "\n" not in shown
    plain = re.sub(r"\\([^0-9A-Za-z\s])", "", shown)
    assert not re.search(r"[*_~`|\[\]<\\]", plain)
    assert not re.match(r"[>#-]", shown)
    assert not re.search(r"@(?!\u200b)|\w://|[\u202a-\u202e\u2066-\u2069]", shown)


def test_what_needs_no_escaping_stays_as_it_is() -> None:
    assert safe("A fox, red-brown (young); it's 5:30!", PROMPT_ON_CARD) == "A fox, red-brown (young); it's 5:30!"
    assert safe("  two\n lines\t", 50) == "two lines"


@given(st.text(max_size=50), st.integers(min_value=1, max_value=60))
def test_a_text_that_is_cut_says_so(text: str, most: int) -> None:
    shown = cut(text, most)
    assert len(shown) <= most
    assert shown == text or shown.endswith(ELLIPSIS)


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("en-US", "/video create prompt:a fox sound:yes model:kling-v1"),
        ("zh-CN", "/视频 生成 提示词:a fox 声音:是 模型:kling-v1"),
    ],
)
def test_a_command_is_kept_as_its_reader_typed_it(locale: str, shown: str) -> None:
    options = {"prompt": "a fox", "sound": True, "model": "kling-v1"}
    assert command_text("video create", options, words(locale)) == shown


def test_things_to_choose_from_are_listed_as_people_would() -> None:
    say, chinese = words("en-US"), words("zh-CN")
    assert [either(names, say) for names in (["5"], ["5", "10"], ["a", "b", "c"])] == ["5", "5 or 10", "a, b or c"]
    assert either(["5", "10"], chinese) == "5、10"


def test_a_link_leads_to_the_message_in_a_guild_or_in_direct_messages() -> None:
    assert link(1, 2, 3) == "https://discord.com/channels/1/2/3"
    assert link(None, 2, 3) == "https://discord.com/channels/@me/2/3"


@given(*(st.integers(min_value=0, max_value=200),) * 3)
def test_a_bar_is_always_as_long_and_shows_every_part_there_is(allowance: int, held: int, settled: int) -> None:
    account = Account(owner="", period="", allowance=allowance, held=held, settled=settled)
    shown = bar(account)
    assert len(shown) == BAR
    assert shown == "".join(sorted(shown, key="🟩🟨⬛".index))
    if allowance:
        assert ("🟨" in shown) == (held > 0)
        assert account.balance == 0 or held >= allowance or "🟩" in shown or held * BAR > (BAR - 1) * allowance
    assert ("🟩" in shown) <= (account.balance > 0)


def test_marks_piled_on_a_character_are_few_where_they_are_shown_and_writing_is_whole() -> None:
    pile = "".join(chr(mark) for mark in range(0x0300, 0x0330))
    for shown in (safe(f"f{pile}o{pile}x", 300), cut(f"f{pile}o{pile}x", 300)):
        assert len(shown) == 3 + 2 * MARKS
    request = VideoRequest(model="kirin_v3_t2v", prompt=f"a fo{pile}x")
    assert pile not in str(card_embed(Card(job=job(request), phase=phase_of(job(request))), words()).to_dict())
    assert request.prompt.endswith(f"{pile}x")
    for plain in ("e\u0301te\u0301", "บ้านน้ำ", "בְּרֵאשִׁ֖ית", "हिन्दी", "Tiê\u0301ng Vi\u0323\u0302t", "1\ufe0f\u20e3 ❤️"):
        assert cut(plain, 300) == plain
