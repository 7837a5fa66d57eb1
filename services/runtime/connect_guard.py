"""Open sockets only to addresses that may be connected to: the ones a name resolved to, not the name itself."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from services.runtime.address import is_loopback, is_public

Network = IPv4Network | IPv6Network
#: For aiohttp's ``TCPConnector(socket_factory=...)``: it is called right before each connect.
SocketFactory = Callable[[tuple[Any, ...]], socket.socket]


class AddressRefusedError(OSError):
    """The name resolved to an address we must not connect to."""


def open_public(info: tuple[Any, ...]) -> socket.socket:
    """A socket to the open internet."""
    return _open(info, allowed=is_public(str(info[4][0])))


def open_local(info: tuple[Any, ...]) -> socket.socket:
    """A socket to this machine."""
    return _open(info, allowed=is_loopback(str(info[4][0])))


def open_public_or_within(networks: Sequence[Network]) -> SocketFactory:
    """Sockets to the open internet, and to networks that the operator named."""

    def open_socket(info: tuple[Any, ...]) -> socket.socket:
        address = str(info[4][0])
        return _open(info, allowed=is_public(address) or _is_within(address, networks))

    return open_socket


def _is_within(address: str, networks: Sequence[Network]) -> bool:
    try:
        ip = ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    return any(ip in network for network in networks)


def _open(info: tuple[Any, ...], *, allowed: bool) -> socket.socket:
    if not allowed:
        raise AddressRefusedError(f"{info[4][0]} is not an address to connect to")
    made = socket.socket(family=info[0], type=info[1], proto=info[2])
    made.setblocking(False)
    return made
