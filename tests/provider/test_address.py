import ipaddress
from collections.abc import Sequence

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import DeliveryError, ResultUnavailable, ResultUnusable
from bot.provider.address import checked, is_public, resolve


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254"),  # noqa: S104
        *("100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1", "::7f00:1"),
        *("192.0.0.1", "192.0.0.9", "192.0.0.170", "192.88.99.1", "192.31.196.1", "198.51.100.1", "203.0.113.1"),
        *("2001:20::1", "2001:1::1", "3fff::1", "2620:4f:8000::1", "5f00::1", "100::1"),
        *("::ffff:192.0.0.1", "64:ff9b::c000:1", "2002:c000:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
        *("", "localhost", "1.1.1", "0x7f.1"),
    ],
)
def test_no_other_address_is_public(address: str) -> None:
    assert not is_public(address)


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_wrapping_an_address_does_not_make_it_public(inner: ipaddress.IPv4Address) -> None:
    for wrapped in (
        ipaddress.IPv6Address(b"\0" * 10 + b"\xff\xff" + inner.packed),
        ipaddress.IPv6Address(b"\x00\x64\xff\x9b" + b"\0" * 8 + inner.packed),
        ipaddress.IPv6Address(b"\x20\x02" + inner.packed + b"\0" * 10),
    ):
        assert is_public(str(wrapped)) == is_public(str(inner))


async def looked_up(url: str, *addresses: str, trusted: tuple[str, int] | None = None) -> tuple[str, int]:
    """What was resolved on the way to an accepted target."""
    asked: list[tuple[str, int]] = []

    async def answer(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return addresses

    target = await checked(httpx.URL(url), trusted=frozenset({trusted} if trusted else ()), resolve=answer)
    assert target.addresses == addresses
    return asked[0]


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://cdn.example/1.mp4", "cdn.example", 80),
        ("https://CDN.example:443/1.mp4", "cdn.example", 443),
        ("https://cdn.example:8443", "cdn.example", 8443),
        ("https://bücher.example/", "xn--bcher-kva.example", 443),
        ("https://[2606:4700::1111]/", "2606:4700::1111", 443),
        ("https://2130706433/", "2130706433", 443),
    ],
)
async def test_the_host_and_port_of_the_url_are_resolved(url: str, host: str, port: int) -> None:
    assert await looked_up(url, "1.1.1.1") == (host, port)


@pytest.mark.parametrize(
    "url", ["ftp://cdn.example/", "https:///x", "/x", "", "https://me:pw@cdn.example/", "https://me@cdn.example/"]
)
async def test_urls_that_are_not_plain_http_are_forbidden(url: str) -> None:
    with pytest.raises(ResultUnusable, match="address"):
        await looked_up(url, "1.1.1.1")


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["::1"], ["not an address"]])
async def test_one_private_address_forbids_the_host(addresses: list[str]) -> None:
    with pytest.raises(ResultUnusable, match="address"):
        await looked_up("https://cdn.example/", *addresses)


async def test_a_trusted_host_may_be_private_on_its_port_alone() -> None:
    trusted = ("gateway.lan", 8080)
    assert await looked_up("http://gateway.lan:8080/1.mp4", "10.0.0.1", trusted=trusted) == trusted
    for url in ("http://gateway.lan:8081/", "http://gateway.lan/", "http://a.gateway.lan:8080/"):
        with pytest.raises(ResultUnusable):
            await looked_up(url, "10.0.0.1", trusted=trusted)


async def test_a_host_without_an_address_cannot_be_reached() -> None:
    with pytest.raises(ResultUnavailable, match="unreachable"):
        await looked_up("https://cdn.example/")


async def test_the_system_resolves_loopback_once_each() -> None:
    assert list(await resolve("127.0.0.1", 80)) == ["127.0.0.1"]


@pytest.mark.parametrize("host", ["a" * 64 + ".invalid", "nowhere.invalid"])
async def test_a_name_that_cannot_be_resolved_is_unreachable(host: str) -> None:
    async def failing(host: str, _port: int) -> Sequence[str]:
        if len(host) > 63:
            return [str(host.encode("idna"))]  # what resolving such a name ends in
        raise OSError

    with pytest.raises(DeliveryError) as caught:
        await checked(httpx.URL(f"https://{host}/"), trusted=frozenset(), resolve=failing)
    assert type(caught.value) is ResultUnavailable
