"""Networks as they are counted: an address's /24, of IPv6 its /64 and the /48 around it.

One household, office or carrier's gateway is behind each; who has many addresses has them in one of these.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Listed = IPv4Network | IPv6Network

Network = bytes
"""The first 3 bytes of an IPv4 address, the first 8 or 6 of an IPv6 one."""


class BadNetworks(ValueError):
    """The setting names what is no network; the message says which."""


def shared_networks(setting: str) -> tuple[Listed, ...]:
    """Those of GALA_SHARED_NETWORKS, separated by commas. BadNetworks otherwise."""
    found = []
    for part in filter(None, (part.strip() for part in setting.split(","))):
        try:
            found.append(ip_network(part, strict=False))
        except ValueError:
            raise BadNetworks(f"{part!r} is no network such as 203.0.113.0/24") from None
    return tuple(found)


def around(address: str) -> tuple[Network, ...]:
    """The networks an address is counted in, the narrow one first; none for what is no public address: our
    own machine, a proxy of ours, a hall's own net."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return ()
    if found.version == 6 and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if not found.is_global:
        return ()
    return (found.packed[:3],) if found.version == 4 else (found.packed[:8], found.packed[:6])


def is_among(network: Network, listed: Sequence[Listed]) -> bool:
    """Whether it lies in one of these, or one of them in it."""
    if not listed:
        return False
    whole: Listed
    if len(network) == 3:
        whole = IPv4Network((network.ljust(4, b"\0"), 24))
    else:
        whole = IPv6Network((network.ljust(16, b"\0"), 8 * len(network)))
    return any(one.version == whole.version and one.overlaps(whole) for one in listed)
