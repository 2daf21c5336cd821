"""What every cog needs of Discord: answers, buttons, forms, texts."""

from cogs.ui.audit_entries import audit_entry
from cogs.ui.completions import Command, autocomplete
from cogs.ui.custom_ids import (
    DRAFT_ID,
    FLAG,
    JOB_ID,
    SNOWFLAKE,
    CustomId,
    Part,
    chosen_value,
    chosen_values,
    digits,
    on_form,
    on_press,
    one_of,
    parse_id,
    parse_number,
    stateless,
    stateless_layout,
)
from cogs.ui.edit_form import details_form, read_details, read_form, request_form, wants_more
from cogs.ui.forms import Form, entered, select_option, select_options
from cogs.ui.job_views import result_buttons
from cogs.ui.limits import CHOICES, CONTENT
from cogs.ui.member import check_admin, check_moderator, member_of
from cogs.ui.options import given_options, options_of, request_from_options
from cogs.ui.policy_texts import money
from cogs.ui.replies import (
    QUICK,
    acknowledge,
    acknowledge_in_place,
    acknowledge_privately,
    answer,
    file_of,
    follow_up,
    in_time,
    is_private,
    open_form,
)
from cogs.ui.retry import TypedRequest, remember
from cogs.ui.text import cut, job_link, link, result_link, safe, settings, since

__all__ = [
    "CHOICES",
    "CONTENT",
    "DRAFT_ID",
    "FLAG",
    "JOB_ID",
    "QUICK",
    "SNOWFLAKE",
    "Command",
    "CustomId",
    "Form",
    "Part",
    "TypedRequest",
    "acknowledge",
    "acknowledge_in_place",
    "acknowledge_privately",
    "answer",
    "audit_entry",
    "autocomplete",
    "check_admin",
    "check_moderator",
    "chosen_value",
    "chosen_values",
    "cut",
    "details_form",
    "digits",
    "entered",
    "file_of",
    "follow_up",
    "given_options",
    "in_time",
    "is_private",
    "job_link",
    "link",
    "member_of",
    "money",
    "on_form",
    "on_press",
    "one_of",
    "open_form",
    "options_of",
    "parse_id",
    "parse_number",
    "read_details",
    "read_form",
    "remember",
    "request_form",
    "request_from_options",
    "result_buttons",
    "result_link",
    "safe",
    "select_option",
    "select_options",
    "settings",
    "since",
    "stateless",
    "stateless_layout",
    "wants_more",
]
