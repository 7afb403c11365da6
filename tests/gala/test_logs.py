"""Logs say what the service did and nothing about whom it did it for.

An evening with its money is taken up again, and viewers, tills and strangers do right and wrong, while all is
logged that can be. Then what may not be there is looked for, in every line.
"""

import asyncio
import contextlib
import logging
import shutil
from pathlib import Path

import aiohttp
import pytest
import structlog

from gala.processes.logs import set_up_logs
from gala.store import keys
from gala.store.clients import Clients
from tests.conftest import PATIENCE_S
from tests.gala.paid import DATED, FROM_MS, code, restore, vouchers
from tests.gala.phones import Phone, Refused, running

NUMBER = 48_611  # one that no count, port or time is likely to have
VIEWER = "ziggurat-4471"
TYPED = "QX7K-2299-ABCD-EFGH-J"  # what somebody types at a till, and is no code
SAID = "my name is Aurelia Quill, +44 20 7946 0991"


async def test_no_log_line_has_a_viewer_a_number_an_address_a_pass_or_a_code(
    clients: Clients,
    valkey_url: str,
    paid: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    shutil.copytree(paid, tmp_path, dirs_exist_ok=True)
    await restore(paid, clients)
    set_up_logs("debug")
    caplog.set_level(logging.WARNING)  # the most that libraries may say, whatever GALA_LOG is
    secrets = {VIEWER, TYPED, TYPED.replace("-", ""), "Aurelia", str(NUMBER), "127.0.0.1"}
    try:
        async with (
            running(valkey_url, tmp_path, rundown=DATED) as stage,
            contextlib.AsyncExitStack() as stack,
        ):
            passes, won = stage.evening.passes, (await vouchers(stage.evening.register))[0]
            secrets |= {code(won), code(won).replace("-", ""), won.id.hex()}
            for viewer, number in ((VIEWER, NUMBER), (f"{VIEWER}/2", won.number)):
                token = passes.viewer(viewer, number)
                secrets |= {token, token.split(".")[1], token.split(".")[2]}
                phone = await Phone.connect(stage, pass_=token, lang=SAID)
                stack.push_async_callback(phone.close)
                await phone.hear("welcome")
                await phone.ask("enter", {})
                await phone.play("short/tetris/1", 1, SAID)
                await phone.ask("play", {"round": SAID, "seq": SAID})
                await phone.ask("tune", {"channel": SAID})
                await phone.ask("claim", {"voucher": TYPED})
                await phone.send(SAID, {"viewer": VIEWER})
            with contextlib.suppress(Refused):
                await Phone.connect(stage, pass_=f"{VIEWER}.{VIEWER}.{VIEWER}", channel=SAID)

            stage.wait((FROM_MS - stage.evening.clock.now_ms()) / 1000 + 0.001)
            till = {"authorization": f"Bearer {stage.crew_pass('merchant')}"}
            secrets |= {till["authorization"].split(".")[1]}
            async with aiohttp.ClientSession(headers=till) as http:
                for typed in (TYPED, code(won)):
                    async with http.post(
                        f"{stage.crew_url}/api/vouchers/redeem",
                        json={"code": typed},
                        headers={"idempotency-key": typed},
                    ) as reply:
                        assert reply.status == 200
                async with http.get(f"{stage.url}/nowhere/{TYPED}?pass={VIEWER}") as reply:
                    assert reply.status == 404

            await clients.once.set(keys.wallet("short"), "of no type that anybody can read")
            misses = stage.evening.loops.steps["edge"].missed
            another = await Phone.connect(stage, pass_=passes.viewer(VIEWER, NUMBER))
            stack.push_async_callback(another.close)
            async with asyncio.timeout(PATIENCE_S):
                while stage.evening.loops.steps["edge"].missed == misses:
                    await asyncio.sleep(0.02)
    finally:
        structlog.reset_defaults()
    said = capsys.readouterr().err + caplog.text
    assert "act='redeem'" in said, "the lines that were said have been heard"
    assert "store does not answer" in said
    assert [secret for secret in secrets if secret in said] == []
