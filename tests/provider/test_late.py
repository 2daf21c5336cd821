"""Connections are opened by the first call, in a thread; certificates that cannot be read are told in our words."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import OperatorFault, ResultUnavailable, ResultUnusable
from bot.provider.late_download import LateDownloader
from bot.provider.refusal import Complaint
from bot.provider.transport import Transport
from bot.provider.wire import shared_ssl_context


@pytest.fixture
def _no_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    shared_ssl_context.cache_clear()
    yield
    shared_ssl_context.cache_clear()


@pytest.mark.usefixtures("_no_certificates")
async def test_a_service_whose_certificate_cannot_be_checked_is_the_operators_fault() -> None:
    async with Transport(provider="kirin", base_url="https://127.0.0.1:9", token=lambda: "key") as transport:
        with pytest.raises(OperatorFault) as caught:
            await transport.query("/", read=bytes, explain=lambda _status, _body: Complaint())
    assert caught.value.code == "certificates"


def test_the_certificates_in_a_folder_that_the_environment_names_are_trusted_and_no_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert shared_ssl_context.__wrapped__().get_ca_certs()
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert shared_ssl_context.__wrapped__().get_ca_certs() == []


@pytest.mark.usefixtures("_no_certificates")
async def test_a_file_that_cannot_be_fetched_safely_is_not_fetched(tmp_path: Path) -> None:
    async with LateDownloader() as downloader:
        with pytest.raises(ResultUnavailable):
            await downloader.download("https://example.com/1.mp4", tmp_path / "1.mp4", cap=1)


async def test_what_is_fetched_late_is_fetched_under_the_same_rules(tmp_path: Path) -> None:
    async with LateDownloader() as downloader:
        for _ in range(2):
            with pytest.raises(ResultUnusable, match="address"):
                await downloader.download("https://127.0.0.1:9/1.mp4", tmp_path / "1.mp4", cap=1)


def test_nothing_of_it_is_loaded_before() -> None:
    program = (
        "import sys; from bot.provider.late_download import LateDownloader as L; "
        "from bot.provider.transport import Transport as T; "
        "T(provider='kirin', base_url='http://127.0.0.1', token=str); L(); print('httpx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 (ourselves)
    assert done.stdout.strip() == "False"
