"""Checks which addresses an untrusted URL may lead to: public ones, and those the operator configured."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import httpx

from bot.errors import ResultUnavailable, ResultUnusable
from bot.values import dataclass

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_PORTS: Final = {"http": 80, "https": 443}
_GLOBAL: Final = IPv6Network("2000::/3")  # the only unicast space given out so far
_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: the last four bytes are where the packets end up

# IANA's special-purpose registries, RFC 6890, beside what Python knows: what that is differs from release to release.
_SPECIAL: Final = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # "this network"
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local; clouds answer there with their keys
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # multicast relays
        "192.88.99.0/24",  # former relays of 6to4
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A URL whose host was checked, and the addresses it had when it was."""

    url: httpx.URL
    host: str
    addresses: tuple[str, ...]


async def resolve(host: str, port: int) -> Sequence[str]:
    """Resolve a host to its addresses, best first, as the system does."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


async def checked(url: httpx.URL, *, trusted: frozenset[tuple[str, int]], resolve: Resolve) -> Target:
    """Resolve a URL to a target, if a request may be sent there. Hosts in `trusted` (host, port) may be private.

    Raises:
        ResultUnusable: "address": the URL is not plain http(s), or one of its addresses is not public.
        ResultUnavailable: "unreachable": its host has no address.
    """
    host = url.raw_host.decode("ascii")
    if url.scheme not in _PORTS or not host or url.userinfo:
        raise ResultUnusable("address")
    port = _PORTS[url.scheme] if url.port is None else url.port
    try:
        addresses = tuple(await resolve(host, port))
    except (OSError, UnicodeError) as exc:
        raise ResultUnavailable("unreachable") from exc
    if not addresses:
        raise ResultUnavailable("unreachable")
    if (host, port) not in trusted and not all(is_public(address) for address in addresses):
        raise ResultUnusable("address")
    return Target(url=url, host=host, addresses=addresses)


def is_public(text: str) -> bool:
    """Say whether an address belongs to the public internet, also where it wraps an IPv4 address."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    inner = _wrapped(address) if isinstance(address, IPv6Address) else None
    if inner is not None:
        return is_public(str(inner))
    if isinstance(address, IPv6Address) and address not in _GLOBAL:
        return False
    return address.is_global and not any(address in network for network in _SPECIAL)


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour
