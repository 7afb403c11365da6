"""`gala bench hotpath`: ours is really measured, without peers; and what is made of the figures."""

from pathlib import Path

from tests.bench.hotpath import Options, measure
from tests.bench.hotpath_report import GOALS, Cost, report, table


def cost(us: float, *, kib: float = 4.0) -> Cost:
    return Cost(vote_us=[us, us * 9, us], frame_us=[us], connect_us=us, kib_per_connection=kib)


async def test_every_vote_is_counted_and_every_board_arrives(tmp_path: Path) -> None:
    said = await measure(Options(peers=False, idle=8, phones=6, plays=2, boards=2, rounds=1), tmp_path)
    assert said["peers"] == said["ratios"] == {}
    assert said["gala"]["vote_us"] > 0
    assert said["gala"]["frame_us"] > 0
    assert said["gala"]["connect_us"] > 0
    assert 0 < said["gala"]["ack_p50_ms"] <= said["gala"]["ack_p99_ms"]
    assert set(said["goals"]) == set(GOALS)
    table(said)


def test_a_ratio_is_ours_over_the_peers_by_medians() -> None:
    said = report({"gala": cost(10), "node_socketio": cost(40), "bun_socketio": cost(20)}, [])
    assert said["ratios"]["vote_vs_node_socketio"] == 0.25
    assert said["ratios"]["frame_vs_bun_socketio"] == 0.5
    assert said["met"]


def test_a_goal_is_missed_by_being_dearer() -> None:
    said = report({"gala": cost(10, kib=4.6), "node_socketio": cost(15), "bun_socketio": cost(20)}, [])
    missed = {name for name, goal in said["goals"].items() if not goal["met"]}
    assert missed == {"vote_vs_node_socketio", "kib_per_connection"}


def test_a_peer_that_could_not_be_had_is_a_goal_not_met_and_said() -> None:
    said = report({"gala": cost(10), "node_socketio": cost(40)}, ["npm gave no bun"])
    assert not said["met"]
    shown = table(said)
    assert "MISSED  vote vs bun socketio: not measured" in shown
    assert shown.endswith("npm gave no bun\n")
