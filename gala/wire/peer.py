"""Where a connection comes from, as far as that can be believed.

``X-Forwarded-For`` is what a peer says. Each proxy appends who it was talking to, so with n proxies of ours
in front the n-th from the end was written by the outermost of them; what stands before it anybody may invent.
"""

FORWARDED = b"\r\nx-forwarded-for:"


def forwarded(head: bytes, proxies: int) -> str:
    """The address that the outermost of `proxies` saw, or "" where the request's head (header names in lower
    case) does not say so much: it has come another way."""
    said = b""
    for line in head.split(FORWARDED)[1:]:
        said += b"," + line.partition(b"\r\n")[0]
    return nth_from_end(said.decode("latin-1").lstrip(","), proxies)


def nth_from_end(said: str, proxies: int) -> str:
    """The same, from the header's value: several headers joined by commas."""
    named = [part.strip() for part in said.split(",")] if said else []
    if not 0 < proxies <= len(named):
        return ""
    found = named[-proxies]
    # some write the port as well, 192.0.2.1:4711 or [2001:db8::1]:4711
    return found.partition("]")[0].strip("[") if found.count(":") != 1 else found.partition(":")[0]
