"""Compose file and manifests agree with the service: every argument, setting, port, path and name in them.

No engine runs here; what can be known by reading is.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from gala import settings
from gala.cli import app
from gala.evening import LEAVE_MS_MAX
from gala.processes.serving import roles_of
from gala.roles import ROLES

DEPLOY = Path("deploy")
IMAGE = "gala"
SECRETS = {"secret": "sixteen characters", "ledger-url": "postgresql+asyncpg://gala:x@postgres/gala"}
GIVEN = {"GALA_SECRET": SECRETS["secret"], "GALA_LEDGER_URL": SECRETS["ledger-url"]}
PORTS = {8011: "public", 8012: "crew"}
PATHS = {"/healthz", "/readyz"}

Yaml = dict[str, Any]
COMPOSE: Yaml = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
OBJECTS: list[Yaml] = [
    found
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for found in yaml.safe_load_all(path.read_text("utf-8"))
]


def of_kind(kind: str) -> list[Yaml]:
    return [found for found in OBJECTS if found["kind"] == kind]


def pods() -> list[Yaml]:
    """Templates of pods, with the name of what makes them."""
    return [
        {"name": found["metadata"]["name"], **found["spec"]["template"]}
        for found in OBJECTS
        if "template" in found.get("spec", {})
    ]


def ours() -> Iterator[tuple[str, list[str], dict[str, str]]]:
    """Name, arguments and settings of every process of ours, of both."""
    for name, service in COMPOSE["services"].items():
        if service["image"] == IMAGE and "entrypoint" not in service:
            found = {key: _plain(value) for key, value in service["environment"].items()}
            yield f"compose {name}", service["command"], found
    for pod in pods():
        for container in pod["spec"]["containers"]:
            if container["image"] == IMAGE:
                yield f"kubernetes {container['name']}", container["args"], _environment(container)


def _plain(value: str) -> str:
    """As Compose would fill it in, were everything set."""
    if value.startswith("${GALA_SECRET"):
        return SECRETS["secret"]
    return "postgresql+asyncpg://x" if value.startswith("postgresql+asyncpg://") else value


def _environment(container: Yaml) -> dict[str, str]:
    found: dict[str, str] = {}
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind("ConfigMap")}
    for source in container.get("envFrom", []):
        found |= maps[source["configMapRef"]["name"]]
    for one in container.get("env", []):
        reference = one.get("valueFrom", {}).get("secretKeyRef")
        assert reference is None or reference["name"] == "gala"
        found[one["name"]] = one["value"] if reference is None else SECRETS[reference["key"]]
    return found


@pytest.mark.parametrize(("arguments", "found"), [pytest.param(a, f, id=n) for n, a, f in ours()])
def test_every_process_is_started_with_arguments_and_settings_that_there_are(
    arguments: list[str], found: dict[str, str]
) -> None:
    command: Any = typer.main.get_command(app)
    parsed = command.commands[arguments[0]].make_context(arguments[0], list(arguments[1:])).params
    chosen = settings.read(found)
    assert roles_of(parsed["role"], chosen, parsed["workers"]) == tuple(parsed["role"])
    assert parsed["rundown"].startswith("/show/")


@pytest.mark.parametrize("where", ["compose", "kubernetes"])
def test_every_role_is_there(where: str) -> None:
    started = [arguments for name, arguments, _ in ours() if name.startswith(where)]
    assert {arguments[arguments.index("--role") + 1] for arguments in started} == set(ROLES)


def test_an_edge_has_the_time_to_send_its_phones_elsewhere() -> None:
    assert int(COMPOSE["services"]["edge"]["stop_grace_period"].rstrip("s")) > LEAVE_MS_MAX / 1000 + 5
    edge = next(pod for pod in pods() if pod["name"] == "edge")["spec"]
    before_s = int(edge["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert edge["terminationGracePeriodSeconds"] > before_s + LEAVE_MS_MAX / 1000 + 5


def test_nothing_scales_edges_while_a_show_is_on() -> None:
    assert of_kind("HorizontalPodAutoscaler") == []


def test_probes_and_ports_are_the_service_s() -> None:
    for pod in pods():
        for container in pod["spec"]["containers"]:
            named = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
            if container["image"] == IMAGE:
                assert named.items() <= {name: port for port, name in PORTS.items()}.items()
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                asked = container.get(probe, {}).get("httpGet")
                if asked is not None:
                    assert asked["path"] in PATHS
                    assert asked["port"] in named
    edge = next(pod for pod in pods() if pod["name"] == "edge")["spec"]["containers"][0]
    assert edge["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert edge["livenessProbe"]["httpGet"]["path"] == "/healthz", "an edge that waits is not to be killed"


def test_whatever_selects_pods_finds_some_and_asks_for_ports_they_have() -> None:
    for found in OBJECTS:
        spec = found.get("spec", {})
        if found["kind"] in ("Deployment", "StatefulSet", "PodDisruptionBudget"):
            wanted = spec["selector"]["matchLabels"]
        elif found["kind"] == "NetworkPolicy":
            wanted = spec["podSelector"]["matchLabels"]
        elif found["kind"] == "Service":
            wanted = spec["selector"]
        else:
            continue
        chosen = [pod for pod in pods() if wanted.items() <= pod["metadata"]["labels"].items()]
        assert chosen, found["metadata"]
        containers = [container for pod in chosen for container in pod["spec"]["containers"]]
        there = {port["name"] for container in containers for port in container.get("ports", [])}
        asked = {port.get("targetPort", port["name"]) for port in spec.get("ports", [])}
        asked |= {port["port"] for rule in spec.get("ingress", []) for port in rule.get("ports", [])}
        assert asked <= there, found["metadata"]


def test_the_way_in_leads_to_services_that_are_there() -> None:
    services = {
        (found["metadata"]["name"], port["name"])
        for found in of_kind("Service")
        for port in found["spec"]["ports"]
    }
    for way in of_kind("Ingress"):
        for rule in way["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                to = path["backend"]["service"]
                assert (to["name"], to["port"]["name"]) in services


def test_who_uses_the_store_may_reach_it() -> None:
    (policy,) = (found for found in of_kind("NetworkPolicy") if found["metadata"]["name"] == "store")
    (source,) = policy["spec"]["ingress"][0]["from"]
    allowed = source["podSelector"]["matchLabels"]
    for pod in pods():
        images = {container["image"] for container in pod["spec"]["containers"]}
        assert (IMAGE in images) == (allowed.items() <= pod["metadata"]["labels"].items()), pod["name"]


@pytest.mark.parametrize("where", ["compose", "kubernetes"])
def test_the_store_loses_nothing_it_has_said_yes_to(where: str) -> None:
    commands = (
        [COMPOSE["services"][name]["command"] for name in ("valkey", "valkey-replica")]
        if where == "compose"
        else [pod["spec"]["containers"][0]["args"] for pod in pods() if pod["name"] == "valkey"]
    )
    for words in commands:
        said = dict(zip(words[1::2], words[2::2], strict=False))
        assert said["--appendonly"] == "yes"
        assert said["--appendfsync"] == "always"
        assert said["--maxmemory-policy"] == "noeviction"
        assert said["--aclfile"] == "/acl/users.acl"


def test_every_volume_and_file_that_is_mounted_is_there() -> None:
    for name, service in COMPOSE["services"].items():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if not source.startswith("./"):
                assert source in COMPOSE["volumes"], name
            elif source != "./show":  # whoever has a show brings it
                assert (DEPLOY / source).exists(), name
    for pod in pods():
        claims = next(
            found["spec"].get("volumeClaimTemplates", [])
            for found in OBJECTS
            if found["metadata"]["name"] == pod["name"] and "template" in found.get("spec", {})
        )
        volumes = {v["name"] for v in pod["spec"].get("volumes", [])} | {
            c["metadata"]["name"] for c in claims
        }
        for container in [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]:
            assert {mount["name"] for mount in container.get("volumeMounts", [])} <= volumes, container[
                "name"
            ]
