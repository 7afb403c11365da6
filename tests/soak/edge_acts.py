"""Edges and lines fail while a round is played, viewers have two tabs, directors press at once.

Each act does its fault so many times to a scene of two edges in which a crowd plays.
"""

import asyncio
import random
import time
from collections import Counter, defaultdict
from typing import Any

from gala.store.clients import connect
from gala.store.log import Entry, Head, ShowLog, verify
from tests.bench.proxy import DelayingProxy, Network, Way
from tests.soak.between import Commands, StoreProxy, applies, pass_on
from tests.soak.scene import Outcome, Scene
from tests.soak.store_acts import ACKS, REST_S
from tests.soak.theatre import PATIENCE_S, SOAK, Theatre

BACK = 0.95  # of the phones
HANG_UPS = 10
LOSE = 0.2  # of the replies to a cue's append


async def edge_killed(on: Scene, kills: int, outcome: Outcome) -> None:
    """kill -9 of the edge where most phones are: at any instant, and every third time just after the store
    has written its batch and before it knows."""
    for kill in range(kills):
        places = Counter(phone.at for phone in on.crowd.phones)
        victim, proxy = max(zip(on.theatres, on.proxies, strict=True), key=lambda pair: places[pair[0].url])
        if kill % 3:
            await asyncio.sleep(on.chance.uniform(*REST_S))
            victim.kill()
        else:
            await _killed_between(victim, proxy)
        await on.crowd.more(ACKS)
        await victim.start()
        await on.crowd.until(lambda: on.crowd.online == len(on.crowd.phones))
    outcome.runs += kills


async def _killed_between(victim: Theatre, proxy: StoreProxy) -> None:
    """Kills an edge when its next batch is in the box, and the reply under way."""
    dead = asyncio.Event()

    async def replied(commands: Commands) -> bool:
        if applies(commands):
            if not dead.is_set():
                victim.kill()
                dead.set()
            return False
        return True

    proxy.replied = replied
    async with asyncio.timeout(PATIENCE_S):
        await dead.wait()
    proxy.replied = pass_on


async def two_tabs(on: Scene, plays: int, outcome: Outcome) -> None:
    """Every viewer plays in two tabs, on an edge each, and loses lines: one slot, the newest play in it."""
    crowd = on.crowd
    await crowd.until(lambda: all(phone.number >= 0 for phone in crowd.phones))
    tokens = {phone.viewer: phone.token for phone in crowd.phones}
    if len(crowd.phones) == len(tokens):  # one tab each, so far
        for token in tokens.values():
            crowd.join(1, [theatre.url for theatre in reversed(on.theatres)], token=token)
    for _ in range(HANG_UPS):
        await crowd.more(plays // HANG_UPS)
        for phone in on.chance.sample(crowd.phones, 5):
            phone.hang_up()
    await crowd.until(lambda: crowd.online == len(crowd.phones))
    outcome.runs = len(tokens)
    if {phone.viewer for phone in crowd.phones} != set(tokens):
        outcome.wrong.append("a second tab was taken for another viewer")


async def lines_cut(on: Scene, phones: int, outcome: Outcome) -> None:
    """Most lines break at the moment of a cue; the others play on."""
    crowd, staying = on.crowd, len(on.crowd.phones)
    async with DelayingProxy(on.theatre.port, Network(Way(), Way()), 1) as way:
        crowd.join(phones, [f"ws://127.0.0.1:{way.port}"], pace_s=1.0)
        await crowd.until(lambda: crowd.online == phones + staying)
        await crowd.more(ACKS)
        crowd.pause_ms = 0.0
        connects = crowd.connects
        way.cut()
        cut_s = time.monotonic()
        await on.theatre.cue("delay", target="aerial", delay_ms=2_000)
        await crowd.until(lambda: crowd.connects >= connects + BACK * phones)
        await crowd.until(lambda: crowd.online >= staying + BACK * phones)
        back_s = time.monotonic() - cut_s
        await crowd.more(ACKS)
        await crowd.leave(phones)
    outcome.runs += 1
    refused = sum(phone.reasons.total() for phone in crowd.phones)
    outcome.said.append(f"{phones} phones: 95 % back after {back_s:.1f} s; {refused} were asked to wait")


async def two_directors(on: Scene, presses: int, outcome: Outcome) -> None:
    """Two directors at two desks press at once, click twice, and lose answers: one history comes of it."""

    async def replied(commands: Commands) -> bool:
        return not (_appends(commands) and on.chance.random() < LOSE)

    on.listen(replied)
    answers: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    for press in range(presses):
        posts = [_act(on.chance, f"{on.rounds[-1]}-{press}-{desk}") for desk in range(2)]
        await asyncio.gather(
            *(
                _pressed(theatre, post, answers)
                for theatre, post in zip(on.theatres, posts, strict=True)
                for _ in range(2)
            )
        )
    on.listen(pass_on)
    await _pressed(on.theatre, {"id": f"{on.rounds[-1]}-on", "cue": "resume"}, answers)
    await _one_history(on, answers, outcome)
    outcome.runs += presses


def _appends(commands: Commands) -> bool:
    """Whether one of these appends to the show's log."""
    return any(
        command[0].upper() in (b"EVALSHA", b"EVAL") and any(part.startswith(b"log:") for part in command)
        for command in commands
    )


def _act(chance: random.Random, id_: str) -> dict[str, Any]:
    """Something a director may do at any time."""
    kind = chance.choice(["hold", "resume", "delay", "delay"])
    post: dict[str, Any] = {"id": id_, "cue": kind}
    if kind == "delay":
        post |= {"target": "aerial", "delay_ms": 500 * chance.randrange(0, 8)}
    return post


async def _pressed(theatre: Theatre, post: dict[str, Any], answers: dict[str, list[tuple[int, Any]]]) -> None:
    """Presses until there is an answer of the show's: taken, stale, or refused."""
    while True:
        status, said = await theatre.press(post)
        if status in (200, 409, 422):
            answers[post["id"]].append((status, said))
            return


async def _one_history(on: Scene, answers: dict[str, list[tuple[int, Any]]], outcome: Outcome) -> None:
    """The log is one chain; each cue that was taken is in it once, where its answers say; no other is."""
    clients = await connect(on.store_url)
    entries: list[Entry] = []
    try:
        while found := await ShowLog(clients, SOAK.id).read(len(entries)):
            entries += found
    finally:
        await clients.close()
    verify(Head(), entries)
    version_of = {entry.id: entry.version for entry in entries}
    if len(version_of) != len(entries):
        outcome.wrong.append("a cue's id is in the log twice")
    taken = 0
    for id_, heard in answers.items():
        versions = {said["version"] for status, said in heard if status == 200}
        taken += bool(versions)
        if len(versions) > 1:
            outcome.wrong.append(f"cue {id_} was taken as {sorted(versions)}")
        if versions and versions != {version_of.get(f"crew/{id_}")}:
            outcome.wrong.append(f"cue {id_} was taken as {versions}, the log has {version_of.get(id_)}")
        if not versions and f"crew/{id_}" in version_of:
            outcome.wrong.append(f"cue {id_} was refused, and is in the log")
    outcome.said.append(f"{len(answers)} cues pressed twice each, {taken} taken, {len(entries)} entries")
