"""The beacon's relays, over real HTTP: whoever answers truly is believed, whoever lies is passed over."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from structlog.testing import capture_logs

from gala.draws import relays
from gala.draws.relays import Relays
from rewards.arithmetic.beacon import QUICKNET
from tests.rewards.test_draw import QUICKNET_ROUNDS

PATH = f"/{QUICKNET.chain_hash.hex()}/public/1000"
TRUE = json.dumps({"round": 1000, "signature": QUICKNET_ROUNDS[1000]}).encode()
LIES = {
    "another round's": json.dumps({"round": 1000, "signature": QUICKNET_ROUNDS[1001]}).encode(),
    "no JSON": b"<html>sorry</html>",
    "no signature": b'{"round": 1000}',
    "no list": b"[]",
    "endless": b"0" * 100_000,
}


@contextlib.contextmanager
def relay(answers: list[bytes | None]) -> Iterator[str]:
    """A relay that gives these answers, one a request, the last for ever; None: it does not know yet."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = left.pop(0) if len(left) > 1 else left[0]
            found = answer if self.path == PATH else None
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def asked(addresses: list[str], monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The signature of round 1000, asked for until one tells it, as the notary does."""
    monkeypatch.setattr(relays, "AGAIN_S", 0.01)
    async with contextlib.aclosing(Relays(QUICKNET, addresses)) as beacon:
        while (found := beacon.signature(1000)) is None:
            await asyncio.sleep(0.01)
        return found


@pytest.mark.parametrize("lie", LIES)
async def test_one_true_answer_is_enough_whatever_the_others_say(
    lie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with relay([LIES[lie]]) as liar, relay([TRUE]) as honest:
        nobody = "http://127.0.0.1:9/"
        found = await asked([liar, nobody, honest], monkeypatch)
    assert found.hex() == QUICKNET_ROUNDS[1000]


async def test_a_round_that_no_relay_knows_yet_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with relay([None, None, LIES["another round's"], TRUE]) as slow:
        found = await asked([slow], monkeypatch)
    assert found.hex() == QUICKNET_ROUNDS[1000]


async def test_who_asks_no_more_leaves_no_question_behind() -> None:
    with relay([None]) as slow:
        beacon = Relays(QUICKNET, [slow])
        assert beacon.signature(1000) is None
        await beacon.aclose()
    assert all("Relays" not in repr(task) for task in asyncio.all_tasks())


async def test_a_relay_that_keeps_silent_is_told_of_once_and_again_when_it_speaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with relay([None, None, None, TRUE]) as late, capture_logs() as logs:
        assert await asked([late], monkeypatch) == bytes.fromhex(QUICKNET_ROUNDS[1000])
    assert [entry["event"] for entry in logs] == [
        "a relay does not answer, and is asked again",
        "a relay answers again",
    ]
