"""Where everybody goes, with the passes of those who need one."""

import time

from gala.passes import CREW_ROLES, Passes

PASS_S = 24 * 3600


def links(passes: Passes, join_url: str, crew_port: int) -> dict[str, str]:
    """Where everybody goes."""
    tokens = {role: passes.crew(role, role, expires_at_s=int(time.time()) + PASS_S) for role in CREW_ROLES}
    crew = f"http://127.0.0.1:{crew_port}"
    return {
        "phone": join_url,
        "director": f"{crew}/director#pass={tokens['director']}",
        "overlay": f"{crew}/overlay#pass={tokens['overlay']}",
        "auditor": f"{crew}/audit#pass={tokens['auditor']}",
    }
