"""What a callback says: the news of an end, or clearly not yet."""

import json
from typing import Any

import pytest

from bot.provider.callback import may_be_an_end


@pytest.mark.parametrize(
    "said",
    [
        {"task_id": "1", "task_status": "submitted", "task_status_msg": ""},
        {"task_id": "1", "task_status": "processing", "task_info": {"external_task_id": "2"}},
        {"id": "1", "status": "processing", "message": "", "create_time": 1781080778802},
        {"id": "1", "created_at": 1, "status": "in_queue", "model": "kirin_v3_t2v"},
        {"id": "1", "status": " In_Progress "},
        {"data": {"id": "1", "status": "in_progress"}, "status": {"code": 200}},
        {"code": 0, "data": {"task_id": "1", "task_status": "processing"}},
    ],
)
def test_a_task_that_is_clearly_under_way_is_no_news(said: Any) -> None:
    assert not may_be_an_end(json.dumps(said).encode())


@pytest.mark.parametrize(
    "said",
    [
        {"task_id": "1", "task_status": "succeed", "task_result": {"videos": []}},
        {"task_id": "1", "task_status": "failed"},
        {"id": "1", "status": "succeeded", "outputs": []},
        {"id": "1", "status": "completed", "output": [{"content": []}]},
        {"data": {"id": "1", "status": "completed"}, "status": {"code": 200}},
        {"id": "1", "task_id": "1", "status": "processing", "task_status": "succeed"},
        {"id": "1", "status": "never heard of"},
        {"id": "1", "status": 7},
        {"hello": "world"},
        ["processing"],
        "processing",
        None,
    ],
)
def test_an_end_and_whatever_is_not_understood_is_worth_a_question(said: Any) -> None:
    assert may_be_an_end(json.dumps(said).encode())


@pytest.mark.parametrize("body", [b"", b"no JSON", b"\xff\xfe", b"[" * 60_000, b'{"status": "proc'])
def test_what_is_no_json_is_worth_a_question(body: bytes) -> None:
    assert may_be_an_end(body)
