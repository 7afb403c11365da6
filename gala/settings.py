"""The service's settings: a handful of ``GALA_…`` environment variables, read once, all faults at once.

====================  =================================================================================
GALA_DATA             folder for the store, ledger, log and bundle (default ``.data``)
GALA_REDIS_URL        an existing Redis, Valkey or cluster; without it an embedded one lives in GALA_DATA
GALA_LEDGER_URL       a PostgreSQL database for log, ledger and vouchers; without it they are in GALA_DATA
GALA_SECRET           at least 16 characters; signs passes. Without it one is made and kept in GALA_DATA
GALA_PUBLIC_HOST      where viewers reach us: address to listen on (default 127.0.0.1)
GALA_PUBLIC_PORT      (default 8011; 0 = any free one)
GALA_PUBLIC_URL       what the QR code says, if not the above
GALA_CREW_HOST        where the crew reaches us (default 127.0.0.1: put a VPN or proxy before it)
GALA_CREW_PORT        (default 8012; 0 = any free one)
GALA_BEACON_RELAYS    drand relays to ask, comma-separated (default: the public ones)
GALA_ORIGINS          origins whose pages may open a socket, comma-separated (default: our own)
GALA_PROXIES          how many proxies of ours stand before the public port (default 0)
GALA_SHARED_NETWORKS  networks that very many viewers share, such as a stadium's, comma-separated
GALA_ADMIT_PER_S      phones that one process lets in a second; others wait in line (default 500)
GALA_PROOF_BITS       zero bits of work that a phone does for its number (default 0: none; 16 are good)
GALA_HOST_KEYS        public keys that sign the host app's tokens: a JWKS or PEM file (default: no accounts)
GALA_HOST_ISSUER      whom these tokens are from (`iss`)
GALA_HOST_AUDIENCE    whom they are for (`aud`)
GALA_LOG              debug, info, warning or error (default info)
====================  =================================================================================
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from gala.edge.doors.admission import PROOF_BITS_MAX
from gala.edge.doors.foyer import ADMIT_PER_S_MAX
from gala.edge.doors.networks import BadNetworks, shared_networks
from rewards.money.address import POSTGRESQL

STATEMENT = "statement.html"
"""Within GALA_DATA, beside the folder `bundle`: the statement of the evening."""


class SettingsFault(Exception):
    """One or more settings are wrong; the message names each."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """See the module's table; every field is the variable of its name."""

    data: Path = Path(".data")
    redis_url: str = ""
    ledger_url: str = ""
    secret: str = ""
    public_host: str = "127.0.0.1"
    public_port: int = 8011
    public_url: str = ""
    crew_host: str = "127.0.0.1"
    crew_port: int = 8012
    beacon_relays: str = (
        "https://api.drand.sh,https://api2.drand.sh,https://api3.drand.sh,https://drand.cloudflare.com"
    )
    origins: str = ""
    proxies: int = 0
    shared_networks: str = ""
    admit_per_s: int = 500
    proof_bits: int = 0
    host_keys: str = ""
    host_issuer: str = ""
    host_audience: str = ""
    log: Literal["debug", "info", "warning", "error"] = "info"


def read(environment: Mapping[str, str]) -> Settings:
    """The settings in `environment`. `SettingsFault` lists all that is wrong, unknown names included."""
    faults: list[str] = []
    found: dict[str, object] = {}
    fields = {field.name: field for field in msgspec.structs.fields(Settings)}
    for name, value in sorted(environment.items()):
        if not name.startswith("GALA_"):
            continue
        field = fields.get(name.removeprefix("GALA_").lower())
        if field is None:
            faults.append(f"{name}: there is no such setting")
            continue
        try:
            found[field.name] = (
                Path(value) if field.type is Path else msgspec.convert(value, field.type, strict=False)
            )
        except msgspec.ValidationError as error:
            faults.append(f"{name}={value!r}: {error}")
    for name in ("public_port", "crew_port"):
        port = found.get(name, 0)
        if isinstance(port, int) and not 0 <= port <= 65535:
            faults.append(f"GALA_{name.upper()}={port}: a port is 0 to 65535")
    bounds = (("proxies", 0, 8), ("admit_per_s", 1, ADMIT_PER_S_MAX), ("proof_bits", 0, PROOF_BITS_MAX))
    for name, least, most in bounds:
        number = found.get(name, least)
        if isinstance(number, int) and not least <= number <= most:
            faults.append(f"GALA_{name.upper()}={number}: {least} to {most}")
    try:
        shared_networks(str(found.get("shared_networks", "")))
    except BadNetworks as error:
        faults.append(f"GALA_SHARED_NETWORKS: {error}")
    secret = found.get("secret", "")
    if isinstance(secret, str) and 0 < len(secret) < 16:
        faults.append("GALA_SECRET: at least 16 characters, please")
    url = found.get("ledger_url", "")
    if isinstance(url, str) and url and not url.startswith(f"{POSTGRESQL}://"):
        faults.append(f"GALA_LEDGER_URL begins with {POSTGRESQL}://")  # the rest may hold a password
    host = [name for name in ("host_keys", "host_issuer", "host_audience") if found.get(name)]
    if len(host) in (1, 2):
        faults.append(f"GALA_{host[0].upper()}: HOST_KEYS, HOST_ISSUER and HOST_AUDIENCE are set together")
    if faults:
        raise SettingsFault("\n".join(faults))
    return msgspec.convert(found, Settings)
