"""A scrape as Prometheus makes it: the page fetched with a pass, and its samples by name and labels."""

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.gala.phones import Stage

Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]
"""By name, then by labels in order of their names."""


async def scraped(stage: Stage, role: str = "metrics") -> tuple[int, str]:
    """Status and page."""
    headers = {"authorization": f"Bearer {stage.crew_pass(role)}"} if role else {}
    async with aiohttp.ClientSession(headers=headers) as http, http.get(f"{stage.crew_url}/metrics") as reply:
        return reply.status, await reply.text()


async def samples(stage: Stage) -> Samples:
    """What a scrape says now."""
    status, page = await scraped(stage)
    assert status == 200, page
    found: Samples = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def total(found: Samples, name: str, **labels: str) -> float:
    """The sum of a metric's samples that have these labels."""
    wanted = set(labels.items())
    return sum(value for key, value in found.get(name, {}).items() if wanted <= set(key))
