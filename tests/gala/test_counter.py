"""`gala serve` without a show: an evening's books weeks later, over HTTP; and the commands about money."""

import asyncio
import base64
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from typer.testing import CliRunner

from gala import publishing
from gala.cli import app
from gala.counter import Counter, open_counter, serve_counter
from gala.passes import CrewRole, Passes
from gala.settings import STATEMENT, Settings
from rewards.evidence.checks import verify_bundle
from rewards.keeping.reopening import NoEvening, OtherKeys
from rewards.money.vouchers import Voucher
from tests.conftest import patient
from tests.gala.hall import SECRET, Hall
from tests.gala.paid import DATED, DATES_MS, FROM_MS, SHOW, UNTIL_MS, code, vouchers

WEEK_MS = 7 * 86_400_000


@dataclass
class Open:
    """A counter that is open, its clock turned by hand, stepped by hand."""

    data: Path
    http: aiohttp.ClientSession
    now_ms: int = FROM_MS
    counter: Counter | None = None
    public: str = ""
    crew: str = ""

    async def step(self) -> None:
        """Until there is nothing left to do."""
        assert self.counter is not None
        for _ in range(3):
            await self.counter.step()

    def bearer(self, role: CrewRole, name: str = "Lin's") -> dict[str, str]:
        token = Passes(SECRET, SHOW).crew(role, name, expires_at_s=self.now_ms // 1000 + 60)
        return {"authorization": f"Bearer {token}"}

    async def till(self, act: str, code: str, key: str) -> dict[str, Any]:
        headers = self.bearer("merchant") | {"idempotency-key": key}
        url = f"{self.crew}/api/vouchers/{act}"
        async with self.http.post(url, headers=headers, json={"code": code}) as response:
            assert response.status == 200
            found: dict[str, Any] = await response.json()
            return found

    async def get(self, url: str, headers: dict[str, str] | None = None) -> tuple[int, bytes, Any]:
        async with self.http.get(url, headers=headers or {}) as response:
            return response.status, await response.read(), response.headers


@contextlib.asynccontextmanager
async def opened(shop: Open) -> AsyncIterator[list[Voucher]]:
    """The counter of these books; may be opened again."""
    settings = Settings(data=shop.data, public_port=0, crew_port=0)
    async with open_counter(settings, SECRET, lambda: shop.now_ms) as (counter, public, crew):
        running = [asyncio.create_task(listener.run()) for listener in (public, crew)]
        await public.up()
        await crew.up()
        shop.counter = counter
        shop.public, shop.crew = (f"http://127.0.0.1:{listener.port}" for listener in (public, crew))
        yield await vouchers(counter.register)
        public.stop()
        crew.stop()
        await asyncio.wait(running)


@pytest.fixture
async def shop(paid: Path, tmp_path: Path) -> AsyncIterator[Open]:
    shutil.copytree(paid, tmp_path, dirs_exist_ok=True)
    async with aiohttp.ClientSession() as http:
        yield Open(tmp_path, http)


async def test_the_counter_redeems_passes_on_expires_closes_and_publishes_it_all(shop: Open) -> None:
    async with opened(shop) as held:
        first = code(held[0])
        done = await shop.till("redeem", first, "k-1")
        assert (done["status"], done["amount"]) == ("done", 10_000)
        assert (await shop.till("redeem", first, "k-2"))["reason"] == "used"
        assert (await shop.till("rollback", first, "k-3"))["status"] == "done"
        assert (await shop.till("redeem", first, "k-4"))["status"] == "done"
        shop.now_ms = DATES_MS[1]
        await shop.step()
        promoted = await shop.counter.register.payouts.vouchers(1) if shop.counter else []
        live = [one for one in promoted if one.state == "live"]
        assert [one for one in promoted if one.alternate > 0]
    async with opened(shop):  # whoever comes next finds everything
        assert shop.counter is not None
        for n, one in enumerate(live):
            assert (await shop.till("redeem", code(one), f"l-{n}"))["status"] == "done"
        shop.now_ms = UNTIL_MS + 3 * WEEK_MS
        await shop.step()
        assert "close-out" in (await shop.counter.register.draw(1)).stages
        assert (await shop.till("rollback", first, "k-5"))["reason"] == "closed"
        assert all(equation.holds for equation in await shop.counter.register.equations())
        status, served, _ = await shop.get(f"{shop.public}/bundle/ledger.csv")
        assert status == 200
        assert served == (shop.data / "bundle" / "ledger.csv").read_bytes()
        assert served.count(b",redeem,") == 2 + len(live)
        checks = await asyncio.to_thread(verify_bundle, shop.data / "bundle")
        assert all(check.ok for check in checks), [str(check) for check in checks if not check.ok]


async def test_the_bundle_is_refreshed_now_and_then_and_only_when_the_books_have_grown(shop: Open) -> None:
    async with opened(shop) as held:
        assert shop.counter is not None
        await shop.step()
        checkpoint = shop.data / "bundle" / "log" / "checkpoint"
        before = checkpoint.read_bytes()
        shop.now_ms += publishing.REFRESH_MS
        await shop.step()
        assert checkpoint.read_bytes() == before
        await shop.till("redeem", code(held[0]), "k-1")
        await shop.step()
        first = checkpoint.read_bytes()
        await shop.till("redeem", code(held[1]), "k-2")
        await shop.step()
        assert checkpoint.read_bytes() == first != before
        shop.now_ms += publishing.REFRESH_MS
        await shop.step()
        assert checkpoint.read_bytes() != first


async def test_the_statement_is_for_auditors_and_directors_and_tells_what_was_redeemed(shop: Open) -> None:
    async with opened(shop) as held:
        await shop.till("redeem", code(held[0]), "k-1")
        url = f"{shop.crew}/statement"
        status, _, headers = await shop.get(url)
        assert status == 401
        assert headers["www-authenticate"].startswith("Basic ")
        assert (await shop.get(url, shop.bearer("merchant")))[0] == 403
        (shop.data / STATEMENT).unlink(missing_ok=True)
        assert (await shop.get(url, shop.bearer("auditor")))[0] == 404
        await shop.step()
        for role in ("auditor", "director"):
            status, page, headers = await shop.get(url, shop.bearer(role))
            assert status == 200
        assert b"XTS 100.00</b><span>redeemed at tills" in page
        assert b"<td>manifest</td>" in page
        assert "script" not in headers["content-security-policy"]
        password = shop.bearer("auditor")["authorization"].removeprefix("Bearer ")
        typed = base64.b64encode(f"me:{password}".encode()).decode()
        assert (await shop.get(url, {"authorization": f"Basic {typed}"}))[0] == 200
        for wrong in ("Basic", "Basic ???", f"Basic {base64.b64encode(b'me').decode()}"):
            assert (await shop.get(url, {"authorization": wrong}))[0] == 401
        url = f"{shop.crew}/api/vouchers/redeem"
        merchant = shop.bearer("merchant")["authorization"].removeprefix("Bearer ")
        typed = base64.b64encode(f"me:{merchant}".encode()).decode()
        async with shop.http.post(url, headers={"authorization": f"Basic {typed}"}) as response:
            assert response.status == 401, "what a browser sends by itself opens nothing that acts"


async def test_the_counter_says_what_it_is_and_ends_when_told(shop: Open) -> None:
    said: list[str] = []
    stop = asyncio.Event()

    def say(line: str) -> None:
        said.append(line)
        if line.startswith("statement"):
            stop.set()

    settings = Settings(data=shop.data, public_port=0, crew_port=0)
    assert await serve_counter(settings, SECRET, wall_ms=lambda: FROM_MS, stop=stop, say=say) == 0
    assert said[0] == "the books of short are open, a rehearsal's"
    assert {line.split()[0] for line in said[1:]} == {"bundle", "tills", "statement"}


async def test_books_that_are_not_there_or_of_another_secret_are_not_opened(shop: Open) -> None:
    settings = Settings(data=shop.data / "nowhere")
    with pytest.raises(NoEvening):
        async with open_counter(settings, SECRET, lambda: FROM_MS):
            pass
    assert not (shop.data / "nowhere").exists()
    with pytest.raises(OtherKeys):
        async with open_counter(Settings(data=shop.data), b"another secret of sixteen", lambda: FROM_MS):
            pass


# ---------------------------------------------------------------- commands


def run(data: Path, *words: str) -> tuple[int, str]:
    """A command in that data folder: its exit code and all it said."""
    env = {"GALA_DATA": str(data), "GALA_SECRET": SECRET.decode(), "COLUMNS": "200"}
    found = CliRunner().invoke(app, list(words), env=env)
    return found.exit_code, found.output


@pytest.fixture
def specified(valkey_url: str, tmp_path: Path) -> Path:
    """Books in which the draw was specified, and nothing more."""

    async def specify() -> None:
        clients = await patient(valkey_url)
        await clients.once.flushall()
        hall = Hall(clients, tmp_path, DATED)
        await hall.begin()
        register = await hall.register()
        await hall.notary(register).step(hall.now_ms)
        await register.close()
        await clients.close()

    asyncio.run(specify())
    return tmp_path


def test_a_partners_list_is_taken_whole_or_told_row_by_row_what_is_wrong(specified: Path) -> None:
    listed = specified / "codes.csv"
    good = [f"PARTNER-{n:04}-XYZ" for n in range(12)]
    listed.write_text("\n".join(["code,note", *good[:6], "short", good[0]]), "utf-8")
    args = ("vouchers", "import", str(listed), "--draw", "1", "--tier", "3")
    status, said = run(specified, *args)
    assert status == 1
    assert "2 of 8 rows are bad" in said
    assert "nothing was taken" in said
    assert not any(one in said for one in (*good, "short,"))
    status, said = run(specified, *args, "--skip-bad")
    assert status == 0
    assert "6 of 8 codes taken" in said
    assert "has 6: 6 more" in " ".join(said.split())
    listed.write_text("\n".join(good[6:]), "utf-8")
    status, said = run(specified, *args)
    assert (status, "has 12: enough" in said) == (0, True)
    assert run(specified, *args)[0] == 1, "they were imported before"


def test_what_cannot_be_imported_is_said_in_words(specified: Path, tmp_path: Path) -> None:
    listed = specified / "codes.csv"
    listed.write_text("PARTNER-0001-XYZ\n", "utf-8")
    for words, hint in (
        ((str(listed), "--draw", "2", "--tier", "1"), "draw 2"),
        ((str(listed), "--draw", "1", "--tier", "9"), "no tier 9"),
        ((str(listed) + "x", "--draw", "1", "--tier", "1"), "No such file"),
    ):
        status, said = run(specified, "vouchers", "import", *words)
        assert status == 2
        assert hint in said
    status, said = run(tmp_path / "else", "vouchers", "import", str(listed), "--draw", "1", "--tier", "1")
    assert (status, "no books" in said) == (2, True)
    assert not (tmp_path / "else").exists()


def test_the_commands_without_books_or_bundle_say_so_and_make_nothing(tmp_path: Path) -> None:
    status, said = run(tmp_path / "x", "serve")
    assert (status, "no books" in said) == (1, True)
    assert run(tmp_path / "x", "serve", "--rehearsal")[0] == 2
    status, said = run(tmp_path / "x", "audit", "statement")
    assert (status, "no bundle" in said) == (2, True)
    assert not (tmp_path / "x").exists()


def test_the_statement_is_written_to_a_file_and_says_when_a_check_fails(paid: Path, tmp_path: Path) -> None:
    shutil.copytree(paid, tmp_path / "data")
    status, said = run(tmp_path / "data", "audit", "statement", "--out", str(tmp_path / "s.html"))
    assert (status, said.strip()) == (0, str(tmp_path / "s.html"))
    assert ">FAIL<" not in (tmp_path / "s.html").read_text("utf-8")
    ledger = tmp_path / "data" / "bundle" / "ledger.csv"
    ledger.write_bytes(ledger.read_bytes().replace(b",issue,", b",issuf,", 1))
    assert run(tmp_path / "data", "audit", "statement", str(tmp_path / "data"))[0] == 1
    page = (tmp_path / "data" / "statement.html").read_text("utf-8")
    assert "The evidence does not hold: manifest" in page
