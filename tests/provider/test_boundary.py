import inspect
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import errors
from bot.provider.boundary import FOREIGN, error_of_exception
from bot.provider.refusal import error_of_status, retry_after

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
NEVER_SENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError"}
WRONG_ADDRESS = {"InvalidURL", "UnsupportedProtocol"}

EXCEPTIONS = sorted(
    (each for _, each in inspect.getmembers(httpx, inspect.isclass) if issubclass(each, Exception)),
    key=lambda each: each.__name__,
)


def made(kind: type[Exception]) -> Exception:
    """An exception of httpx's, without its constructor: their signatures differ."""
    exc = kind.__new__(kind)
    exc.args = ("trouble",)
    return exc


def test_the_tree_of_httpx_was_found() -> None:
    assert {"HTTPError", "ReadTimeout", "InvalidURL", "StreamClosed", "CookieConflict"} <= {
        each.__name__ for each in EXCEPTIONS
    }


@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_every_exception_of_httpx_is_caught_and_has_a_class(kind: type[Exception]) -> None:
    assert issubclass(kind, FOREIGN)
    of_create = error_of_exception(made(kind), create=True)
    of_query = error_of_exception(made(kind), create=False)
    if kind.__name__ in WRONG_ADDRESS:
        assert (of_create, of_query) == (errors.OperatorFault, errors.OperatorFault)
    elif kind.__name__ in NEVER_SENT:
        assert (of_create, of_query) == (errors.ProviderUnavailable, errors.ProviderUnavailable)
    else:
        assert (of_create, of_query) == (errors.OutcomeUnknown, errors.ProviderUnavailable)


@pytest.mark.parametrize(
    ("statuses", "of_create", "of_query"),
    [
        ((301, 307, 308), errors.OperatorFault, errors.OperatorFault),
        ((300, 302, 303), errors.OutcomeUnknown, errors.OperatorFault),
        ((400, 413, 415, 422), errors.ProviderRejected, errors.ProviderRejected),
        ((401, 402, 403, 405, 407), errors.OperatorFault, errors.OperatorFault),
        ((404, 410), errors.OperatorFault, errors.TaskUnknown),
        ((408, 499), errors.OutcomeUnknown, errors.ProviderUnavailable),
        ((409,), errors.OutcomeUnknown, errors.ProviderRejected),
        ((425,), errors.ProviderUnavailable, errors.ProviderUnavailable),
        ((429,), errors.ProviderBusy, errors.ProviderBusy),
        ((100, 500, 502, 503, 504, 599, 600), errors.OutcomeUnknown, errors.ProviderUnavailable),
    ],
)
def test_every_status_has_a_class(
    statuses: tuple[int, ...], of_create: type[errors.ProviderError], of_query: type[errors.ProviderError]
) -> None:
    for status in statuses:
        assert error_of_status(status, create=True) is of_create
        assert error_of_status(status, create=False) is of_query


@settings(deadline=None)
@given(st.integers(100, 999).filter(lambda status: not 200 <= status < 300))
def test_a_query_is_never_ambiguous(status: int) -> None:
    assert error_of_status(status, create=False) is not errors.OutcomeUnknown


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 2.5 ", 2.5),
        ("-3", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
        ("Thu, 05 Mar 2026 12:00:30 GMT", 30.0),
        ("Thu, 05 Mar 2026 12:00:30 -0000", 30.0),
        ("Thu, 05 Mar 2026 11:00:00 GMT", 0.0),
        ("Thu, 05 Mar 99999 11:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, now=NOW) == seconds


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(-12, 12))
def test_retry_after_reads_dates_of_every_zone(seconds: int, hours: int) -> None:
    moment = (NOW + timedelta(seconds=seconds)).astimezone(timezone(timedelta(hours=hours)))
    assert retry_after(format_datetime(moment), now=NOW) == seconds


@settings(deadline=None)
@given(st.text())
def test_retry_after_never_trips_over_what_a_server_writes(value: str) -> None:
    wait = retry_after(value, now=NOW)
    assert wait is None or wait >= 0
