"""Accounts of the host app in a running service: one number each, on every device, and nobody's name kept."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from gala import admitted
from gala.accounts import NoHost, as_held, host_keys, pseudonym
from gala.cli import app
from gala.edge.numbers import Numbers
from gala.passes import derive
from gala.rundown import Rundown
from gala.rundown.check import evening
from gala.rundown.file import Reading, read
from gala.rundown.lists import rows
from gala.settings import Settings
from gala.store import keys
from gala.store.clients import Clients
from rewards import verify
from rewards.evidence.checks import verify_bundle
from rewards.keeping.register import Register
from rewards.log.note import Cosigner
from rewards.rules.leaves import Exclusions, account_hash, excluded_list
from tests.gala.hall import SECRET, Hall
from tests.gala.host import AUDIENCE, ISSUER, published, token
from tests.gala.phones import NOW_S, Join, Stage, running
from tests.gala.story import SHORT, TETRIS
from tests.gala.test_notary import VOTERS, Dying, Undying, play

ANN, BOB = "ann@example.org", "bob-4711"


def for_accounts(rundown: Rundown, *excluded: str) -> Rundown:
    """The same evening with all its draws for accounts."""
    hashes = tuple(sorted(account_hash(account) for account in excluded))
    return msgspec.structs.replace(
        rundown,
        segments=tuple(
            msgspec.structs.replace(
                segment,
                draws=tuple(
                    msgspec.structs.replace(draw, accounts=True, excluded=hashes) for draw in segment.draws
                ),
            )
            for segment in rundown.segments
        ),
    )


def with_host(folder: Path) -> dict[str, Any]:
    """The settings of a service that believes the host app's tokens."""
    path = published(folder)
    return {"host_keys": str(path), "host_issuer": ISSUER, "host_audience": AUDIENCE}


@pytest.fixture
async def stage(clients: Clients, valkey_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """An evening whose draws are for accounts, of which Bob's may not win."""
    rundown = for_accounts(SHORT, BOB)
    async with running(valkey_url, tmp_path, rundown=rundown, settings=with_host(tmp_path)) as stage:
        yield stage


async def ask(stage: Stage, content: object) -> tuple[int, dict[str, Any]]:
    """``POST /api/join``: status and answer."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{stage.url}/api/join", data=msgspec.json.encode(content)) as response,
    ):
        return response.status, await response.json()


async def passed(stage: Stage, account: str) -> str:
    """The pass of somebody of that account."""
    status, reply = await ask(stage, {"token": token(account)})
    assert status == 200, reply
    return str(reply["pass"])


async def test_an_account_has_one_number_on_however_many_devices(stage: Stage, join: Join) -> None:
    stranger = await join()
    assert (await stranger.ask("enter", {}))["mine"]["number"] == 0
    devices = [await join(pass_=await passed(stage, ANN)) for _ in range(4)]
    replies = await asyncio.gather(*(device.ask("enter", {}) for device in devices))
    (number,) = {reply["mine"]["number"] for reply in replies}
    assert number > 0
    assert all(reply["mine"]["account"] for reply in replies)
    other = await join(pass_=await passed(stage, BOB))
    assert (await other.ask("enter", {}))["mine"]["number"] not in (0, number)
    back = await join(pass_=replies[0]["pass"])
    assert (await back.hear("welcome"))["mine"] == {"number": number, "account": True}


async def test_what_one_device_of_an_account_played_the_next_one_finds(stage: Stage, join: Join) -> None:
    first = await join(pass_=await passed(stage, ANN))
    await first.ask("enter", {})
    await stage.go("tetris.start")
    await stage.until(first.hear("show", lambda show: show.get("round", {}).get("state") == "open"))
    stage.wait(2)
    assert (await first.play_until_told(TETRIS, 1, "comets"))["status"] == "counted"
    second = await join(pass_=await passed(stage, ANN))
    mine = (await second.ask("enter", {}))["mine"]
    assert mine["rounds"][TETRIS]["has"] == {"choices": ["comets"]}
    assert (await second.play_until_told(TETRIS, 1, "harbour"))["status"] == "already"


async def test_a_viewer_who_has_played_without_an_account_gets_another_number_with_one(
    stage: Stage, join: Join, clients: Clients
) -> None:
    # else one person could play with many numbers, and name the one that did well
    phone = await join()
    first = (await phone.ask("enter", {}))["mine"]
    assert "account" not in first
    verified = await join(pass_=await passed(stage, ANN))
    assert (await verified.hear("welcome"))["mine"] == {"account": True}
    second = (await verified.ask("enter", {}))["mine"]
    assert second["number"] != first["number"]
    bits = await clients.once.get(keys.account_bits("short"))
    assert admitted.barred(cast("bytes", bits), 64, ()).tolist() == [
        n for n in range(64) if n != second["number"]
    ]


async def test_an_account_is_kept_under_a_name_that_does_not_tell_it(
    stage: Stage, join: Join, clients: Clients, capfd: pytest.CaptureFixture[str]
) -> None:
    phone = await join(pass_=await passed(stage, ANN))
    await phone.ask("enter", {})
    status, refusal = await ask(stage, {"token": token(ANN, exp=NOW_S - 600)})
    assert (status, refusal["reason"]) == (401, "bad_token")
    kept = b""
    async for key in clients.once.scan_iter():
        kept += await clients.once.dump(key)  # type: ignore[operator]
    printed = capfd.readouterr()
    everything = kept + (printed.out + printed.err + str(phone.heard) + str(refusal)).encode()
    for secret in (ANN.encode(), account_hash(ANN), account_hash(ANN).hex().encode()):
        assert secret not in everything
    assert bytes.fromhex(pseudonym(SECRET, account_hash(ANN))) in await clients.once.hkeys(
        keys.accounts("short")
    )


@pytest.mark.parametrize(
    ("said", "status", "reason"),
    [
        ({"token": "x.y.z"}, 401, "bad_token"),
        ({"token": token(ANN, aud="another service")}, 401, "bad_token"),
        ({"token": "x" * 10_000}, 422, "bad_join"),
        ({"token": 7}, 422, "bad_join"),
        ([], 422, "bad_join"),
    ],
)
async def test_what_proves_no_account_gets_no_pass(
    stage: Stage, said: object, status: int, reason: str
) -> None:
    found, reply = await ask(stage, said)
    assert (found, reply["reason"]) == (status, reason)
    assert "pass" not in reply


async def test_a_service_without_a_host_lets_in_whoever_shows_no_token(
    clients: Clients, valkey_url: str, tmp_path: Path
) -> None:
    # a rehearsal with draws for accounts: held among all numbers, and said so
    async with running(valkey_url, tmp_path, rundown=for_accounts(SHORT, BOB)) as stage:
        assert (await ask(stage, {"token": token(ANN)}))[1]["reason"] == "no_host"
        assert (await ask(stage, {}))[0] == 200
        (draw,) = stage.evening.rundown.segment("draw").draws
    assert (draw.accounts, draw.excluded) == (False, ())


def test_a_show_for_accounts_is_not_held_where_nobody_can_vouch_for_them(tmp_path: Path) -> None:
    with pytest.raises(NoHost, match="set GALA_HOST_KEYS"):
        as_held(for_accounts(SHORT), rehearsal=False, host=None)
    assert as_held(SHORT, rehearsal=False, host=None) is SHORT
    wanted = for_accounts(SHORT)
    assert as_held(wanted, rehearsal=False, host=host_keys(Settings(**with_host(tmp_path)))) is wanted
    with pytest.raises(NoHost, match="No such file"):
        host_keys(Settings(host_keys=str(tmp_path / "nowhere.json"), host_issuer="x", host_audience="y"))


@pytest.mark.parametrize("more", [[], ["--workers", "2"]])
def test_a_show_for_accounts_is_refused_at_the_command_line_in_words(tmp_path: Path, more: list[str]) -> None:
    plan = tmp_path / "show.toml"
    witness = Cosigner("auditor.example/w1", b"w" * 32).verifier
    source = (
        Path("tests/gala/polls.toml").read_text().replace("cap = 1\n", 'cap = 1\neligibility = "account"\n')
    )
    plan.write_text(source.replace('currency = "XTS"', f'currency = "CNY"\nwitnesses = ["{witness}"]'))
    environment = {"GALA_DATA": str(tmp_path / "data"), "GALA_PUBLIC_PORT": "0", "GALA_CREW_PORT": "0"}
    told = CliRunner().invoke(app, ["serve", str(plan), *more], env=environment)
    assert told.exit_code == 1
    words = " ".join(told.output.split())
    assert "draw 1 is for accounts" in words
    assert "GALA_HOST_KEYS" in words


# ---------------------------------------------------------------- who may win


class Crowded(Hall):
    """A hall where another account gets its number whenever a notary comes back to life."""

    bound = 6

    async def register(self) -> Register:
        if self.bound < 11:
            await self.clients.once.setbit(keys.account_bits("short"), self.bound, 1)
            self.bound += 1
        return await super().register()


class DyingAtTheFreeze(Undying):
    """A notary that dies at every call of the step that fixes the roster, and lives through all others."""

    deaths = 0

    async def step(self, now_ms: int) -> bool:
        newest = self._hall.desk.history.entries[-1].cue
        if newest.get("target") == "draw.freeze" and not self.deaths:
            await self.close()
            dying = Dying(self._hall)
            await dying.step(now_ms)
            self.deaths = dying.deaths
            await self.open()
        return await super().step(now_ms)


def told_by_keys(published: Path, keyed: Path) -> dict[str, str]:
    """What the auditor's folder says of exclusions."""
    checks = verify_bundle(published, keys=keyed)
    return {check.name: check.detail for check in checks if check.name.startswith("exclusions")}


async def test_only_verified_accounts_win_and_of_them_none_that_is_excluded(
    clients: Clients, tmp_path: Path
) -> None:
    hall = Crowded(clients, tmp_path, for_accounts(SHORT, BOB, "nobody who plays"))
    numbers = Numbers(clients.once, "short", 1_000, lambda: hall.now_ms)
    for account in ("a", "b", ANN, "d", BOB, "f"):
        await numbers.of(pseudonym(SECRET, account_hash(account)))
    notaries = DyingAtTheFreeze(hall)
    await play(hall, notaries)
    assert notaries.deaths > 10
    checks = verify_bundle(hall.folder / "bundle")
    assert [str(check) for check in checks if not check.ok] == []
    passed, lines = verify.verify(hall.folder / "bundle")
    assert passed, lines[-1]
    register = await hall.register()
    draw = await register.draw(1)
    spec, roster = draw.spec, draw.stages["roster"]
    secret = derive(SECRET, "exclusions/short/1")
    listed = excluded_list([account_hash(account) for account in (BOB, "nobody who plays")], secret)
    assert spec["eligibility"] == "account"
    assert spec["exclusions"] == {
        "count": 2,
        "commitment": Exclusions.of(listed).commitment,
    }
    assert roster["places"] == VOTERS
    assert 5 <= roster["eligible_places"] <= 10, "those who came before the roster, without Bob's"
    winners = {voucher.number for voucher in await register.issue(1, at_ms=hall.now_ms)}
    await register.export_keys(tmp_path / "auditor")
    await register.close()
    assert told_by_keys(hall.folder / "bundle", tmp_path / "auditor") == {
        "exclusions of draw 1": "2 accounts may not win, as committed to"
    }
    shorter = tmp_path / "auditor/excluded/1.bin"
    shorter.write_bytes(listed[:-32])
    told = told_by_keys(hall.folder / "bundle", tmp_path / "auditor")
    assert "not those committed to" in told["exclusions of draw 1"]
    assert winners <= {0, 1, 2, 3, *range(5, 11)}
    assert len(winners) == roster["eligible_places"]
    assert sum(count for _, count in roster["issued"]) == roster["numbers_count"] == VOTERS


MINUTE = 60_000


@given(st.dictionaries(st.integers(0, 3_000), st.integers(1, 500), max_size=60), st.integers(0, 9_000))
def test_numbers_by_the_minute_ascend_and_are_all_numbers(minutes: dict[int, int], count: int) -> None:
    told = admitted.by_minute({MINUTE * at: n for at, n in minutes.items()}, count, 3_001 * MINUTE + 7)
    assert sum(n for _, n in told) == count
    assert all(n > 0 and at_ms % MINUTE == 0 for at_ms, n in told)
    assert [at_ms for at_ms, _ in told] == sorted({at_ms for at_ms, _ in told})


def test_of_minutes_without_end_the_oldest_stand_in_one_row() -> None:
    told = admitted.by_minute({MINUTE * at: 2 for at in range(2_000)}, 4_000, 0)
    assert len(told) == admitted.MINUTES_MAX
    assert told[0] == (0, 2 * 561)
    assert told[-1] == (1_999 * MINUTE, 2)


# ---------------------------------------------------------------- lists in the rundown


STAFF = 'eligibility = "account"\nexclude = ["staff.txt"]'


def written(folder: Path, *lines: str, draw: str = STAFF) -> Reading:
    """The short rundown with a list beside it."""
    (folder / "staff.txt").write_text("\n".join(lines))
    source = Path("tests/gala/polls.toml").read_text().replace("cap = 1\n", f"cap = 1\n{draw}\n")
    return read(source.encode(), folder)


def test_a_list_of_accounts_beside_the_rundown_is_read_and_bound_by_its_digest(tmp_path: Path) -> None:
    one, other = (account_hash(account).hex() for account in (ANN, BOB))
    rundown = written(tmp_path, "# staff", one, "", f"{other}  # the band").rundown
    assert rundown is not None
    (draw,) = rundown.segment("draw").draws
    assert draw.accounts
    assert draw.excluded == tuple(sorted(bytes.fromhex(row) for row in (one, other)))
    console = Console(record=True, width=240)
    evening(rundown, console)
    assert "accounts only, without 2" in console.export_text()
    shorter = written(tmp_path, one).rundown
    assert shorter is not None
    assert shorter.digest != rundown.digest


@pytest.mark.parametrize(
    ("lines", "draw", "message"),
    [
        (["# staff", "Mrs Wang, x@wang.org", "0" * 64, "F" * 64], STAFF, "staff.txt: row 2, 4: no account"),
        (["x"] * 9, STAFF, "row 1, 2, 3, 4, 5 and 4 more"),
        (["# nobody"], STAFF, "no account in it"),
        (["0" * 64], 'exclude = ["staff.txt"]', 'needs eligibility = "account"'),
        (["0" * 64], 'eligibility = "friends"', "must be"),
        (["0" * 64], 'eligibility = "account"\nexclude = ["../staff.txt"]', "own folder"),
        (["0" * 64], 'eligibility = "account"\nexclude = ["none.txt"]', "no file"),
        (["0" * 64], 'eligibility = "account"\nexclude = [7]', "must be lists"),
    ],
)
def test_a_wrong_list_is_told_by_its_rows_and_not_by_what_they_hold(
    tmp_path: Path, lines: list[str], draw: str, message: str
) -> None:
    found = written(tmp_path, *lines, draw=draw)
    (fault,) = found.faults
    assert message in fault.message
    assert fault.segment == "draw"
    assert "wang" not in fault.message.lower()


def test_the_command_makes_hashes_of_accounts_for_a_list(tmp_path: Path) -> None:
    accounts = tmp_path / "accounts.txt"
    accounts.write_text(f"{BOB}\n\n {ANN} \n{BOB}\n")
    told = CliRunner().invoke(app, ["exclude", str(accounts)])
    assert told.exit_code == 0
    assert rows(told.stdout.encode()) == sorted(account_hash(account) for account in (ANN, BOB))
    assert CliRunner().invoke(app, ["exclude", str(tmp_path / "nowhere")]).exit_code == 2
