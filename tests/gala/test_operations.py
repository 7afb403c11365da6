"""What operators are given agrees with the service: alarms, dashboard and runbook, against a real scrape."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gala.phones import Stage
from tests.gala.scrapes import scraped

RUNBOOK = Path("docs/operations.md").read_text("utf-8")
PARTS = ["Means", "Viewers see", "Look", "Do", "Call it off"]
NOT_OURS = {"ALERTS", "up"}  # Prometheus's own


def alarms() -> list[dict[str, Any]]:
    """Every rule."""
    read = yaml.safe_load(Path("deploy/prometheus/alerts.yml").read_text("utf-8"))
    return [rule for group in read["groups"] for rule in group["rules"]]


def queries() -> dict[str, str]:
    """Every query of the dashboard, by its panel."""
    read = json.loads(Path("deploy/grafana/tonight.json").read_text("utf-8"))
    found = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in read["panels"]
        for target in panel.get("targets", [])
    }
    return found | {note["name"]: note["expr"] for note in read["annotations"]["list"]}


def named(query: str) -> set[str]:
    """The metrics in a query: the names before a selector, of ours or of Prometheus's own."""
    bare = re.sub(r"\{[^}]*\}|\"[^\"]*\"", "", query)
    return set(re.findall(r"\b(?:gala_\w+|ALERTS|up)\b", bare))


def in_a_scrape(page: str) -> set[str]:
    """Names of the series that a page has or, as its types say, may come to have."""
    endings = {
        "counter": ("",),
        "gauge": ("",),
        "histogram": ("_bucket", "_sum", "_count"),
    }
    return {
        name + ending
        for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", page, re.MULTILINE)
        for ending in endings[kind]
    }


async def test_alarms_dashboard_and_runbook_name_only_metrics_that_a_scrape_has(stage: Stage) -> None:
    there = in_a_scrape((await scraped(stage))[1])
    for name, query in {rule["alert"]: rule["expr"] for rule in alarms()}.items() | queries().items():
        assert named(query), name
        assert named(query) - NOT_OURS <= there, name
    told = set(re.findall(r"`(gala_\w+)", RUNBOOK))
    assert told <= there


async def test_every_metric_is_on_the_dashboard_or_an_alarm_s(stage: Stage) -> None:
    everything = [*(rule["expr"] for rule in alarms()), *queries().values()]
    used = {re.sub(r"_(bucket|sum|count)$", "", name) for query in everything for name in named(query)}
    there = set(re.findall(r"^# TYPE (\w+) ", (await scraped(stage))[1], re.MULTILINE))
    assert there - used == {"gala_show_rehearsal", "gala_clock_keeps"}  # which are looked up by hand


@pytest.mark.parametrize("rule", alarms(), ids=lambda rule: rule["alert"])
def test_every_alarm_has_its_section_in_the_runbook(rule: dict[str, Any]) -> None:
    name = rule["alert"]
    assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{name.lower()}"
    section = RUNBOOK.split(f"\n### {name}\n", 1)[1].split("\n#", 1)[0]
    assert re.findall(r"^\*\*(.+?)\.\*\*", section, re.MULTILINE) == PARTS


def test_the_runbook_has_no_section_for_an_alarm_that_is_none() -> None:
    assert re.findall(r"^### (\w+)$", RUNBOOK, re.MULTILINE) == [rule["alert"] for rule in alarms()]
