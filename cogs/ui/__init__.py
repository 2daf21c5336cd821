"""What every cog needs of Discord: answers, buttons, forms, texts."""

from cogs.ui.audit_entries import audit_entry
from cogs.ui.buttons import PersistentItem
from cogs.ui.completions import Command, autocomplete
from cogs.ui.edit_form import parse_options, read_form, request_form
from cogs.ui.forms import Form, values_of
from cogs.ui.ids import parse_id, parse_number
from cogs.ui.job_views import result_buttons
from cogs.ui.limits import CHOICES, CONTENT
from cogs.ui.member import member_of
from cogs.ui.options import given_options, options_of, request_from_options
from cogs.ui.policy_texts import money
from cogs.ui.replies import QUICK, acknowledge, acknowledge_in_place, answer, file_of, follow_up, in_time, open_form
from cogs.ui.retry import TypedRequest, remember
from cogs.ui.text import cut, job_link, link, result_link, safe, settings, since

__all__ = [
    "CHOICES",
    "CONTENT",
    "QUICK",
    "Command",
    "Form",
    "PersistentItem",
    "TypedRequest",
    "acknowledge",
    "acknowledge_in_place",
    "answer",
    "audit_entry",
    "autocomplete",
    "cut",
    "file_of",
    "follow_up",
    "given_options",
    "in_time",
    "job_link",
    "link",
    "member_of",
    "money",
    "open_form",
    "options_of",
    "parse_id",
    "parse_number",
    "parse_options",
    "read_form",
    "remember",
    "request_form",
    "request_from_options",
    "result_buttons",
    "result_link",
    "safe",
    "settings",
    "since",
    "values_of",
]
