"""Clients that are not ours: python-socketio's, and JavaScript's with the msgpack parser, as pages use it."""

import asyncio
import queue
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import socketio

from tests.gala.test_web_build import WEB, load_hook
from tests.gala.wires import NAMESPACE, PATIENCE_S, Service, serving

SCRIPT = """
import { createRequire } from "node:module";
const require = createRequire(process.argv[2]);
const { io } = require("socket.io-client");
const parser = require("socket.io-msgpack-parser");
const options = { transports: ["websocket"], parser, reconnection: false, path: "/socket.io/" };
const url = process.argv[3];
const fail = (why) => { console.error(why); process.exit(1); };
setTimeout(() => fail("nothing more came"), 8000).unref();
const socket = io(url + "/viewer", { ...options, auth: { pass: "" } });
socket.on("connect_error", (error) => fail(error));
socket.on("connect", async () => {
  const bytes = new Uint8Array([1, 2, 255]);
  const mixed = [1, 1.5, "\\u00e9", null, true];
  const one = await socket.timeout(5000).emitWithAck("echo", { mixed, bytes });
  if (JSON.stringify(one.mixed) !== JSON.stringify(mixed)) fail(one);
  if (new Uint8Array(one.bytes)[2] !== 255) fail(one);
  const t0 = Date.now() + 0.25;
  const said = await socket.timeout(5000).emitWithAck("sync", { t0_ms: t0 });
  if (said.heard.t0_ms !== t0) fail(said);
  const long = "x".repeat(15000);
  const back = await socket.timeout(5000).emitWithAck("play", long);
  if (back.heard !== long) fail("cut");
  const other = io(url + "/other", { ...options, forceNew: false });
  await new Promise((done) => other.on("connect", done));
  if (other.io !== socket.io) fail("two connections");
  await other.timeout(5000).emitWithAck("room", "hall");
  other.on("news", (news) => {
    const refused = io(url + "/viewer", { ...options, forceNew: true, auth: { refuse: 1 } });
    refused.on("connect", () => fail("let in"));
    refused.on("connect_error", (error) => {
      refused.io.engine.close();
      const nowhere = io(url + "/nowhere", { ...options, forceNew: true });
      nowhere.on("connect_error", () => {
        console.log(JSON.stringify({ news, refused: error.data, id: socket.id.length > 10 }));
        socket.disconnect();
      });
    });
  });
  socket.on("disconnect", (why) => process.exit(why === "io client disconnect" ? 0 : 2));
  socket.emit("tell", "hall");
});
"""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving() as service:
        yield service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[socketio.AsyncClient]:
    client = socketio.AsyncClient(serializer="msgpack", reconnection=False)
    yield client
    await client.disconnect()


async def connect(client: socketio.AsyncClient, service: Service, **auth: Any) -> None:
    namespaces = [NAMESPACE, "/other"]
    url = f"http://127.0.0.1:{service.port}"
    await client.connect(
        url, transports=["websocket"], namespaces=namespaces, auth=auth, wait_timeout=PATIENCE_S
    )


async def test_pythons_client_talks_in_two_namespaces_over_one_line(
    service: Service, client: socketio.AsyncClient
) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()
    answers: queue.Queue[Any] = queue.Queue()
    client.on("news", heard.put, namespace="/other")
    client.on("question", lambda content: [content, 7], namespace="/other")
    await connect(client, service)
    assert await client.call("sync", {"a": b"\x00\xff"}, namespace=NAMESPACE) == {"heard": {"a": b"\x00\xff"}}
    assert await client.call("echo", ("one", 2.5), namespace="/other") == ("one", 2.5)
    assert await client.call("room", "hall", namespace="/other") is None
    ask = asyncio.to_thread
    await ask(service.run, service.sockets.emit("news", {"n": 1}, room="hall", namespace="/other"))
    async with asyncio.timeout(PATIENCE_S):
        assert await heard.get() == {"n": 1}
    sid = client.get_sid("/other")
    question = {"to": sid, "namespace": "/other", "callback": lambda *said: answers.put(said)}
    await ask(service.run, service.sockets.emit("question", "why", **question))
    assert await ask(answers.get, timeout=PATIENCE_S) == (["why", 7],)
    assert len(await ask(service.call, lambda: service.exchange._members.lines)) == 1


async def test_a_handler_that_fails_costs_an_answer_and_not_the_line(
    service: Service, client: socketio.AsyncClient
) -> None:
    await connect(client, service)
    await client.emit("fail", namespace=NAMESPACE)
    assert await client.call("echo", "still", namespace=NAMESPACE) == "still"


async def test_a_session_is_kept_with_the_connection(service: Service, client: socketio.AsyncClient) -> None:
    await connect(client, service)
    sid = client.get_sid(NAMESPACE)
    await asyncio.to_thread(service.run, service.sockets.save_session(sid, {"name": "Mei"}, NAMESPACE))
    assert await asyncio.to_thread(service.run, service.sockets.get_session(sid, NAMESPACE)) == {
        "name": "Mei"
    }


async def test_a_client_may_leave_one_namespace_and_be_sent_out_of_another(
    service: Service, client: socketio.AsyncClient
) -> None:
    gone = asyncio.Event()
    client.on("disconnect", lambda *_: gone.set(), namespace="/other")
    await connect(client, service)
    sid = client.get_sid("/other")
    await asyncio.to_thread(service.run, service.sockets.disconnect(sid, namespace="/other"))
    async with asyncio.timeout(PATIENCE_S):
        await gone.wait()
    assert await client.call("sync", 1, namespace=NAMESPACE) == {"heard": 1}


async def test_a_refused_connect_says_why(service: Service, client: socketio.AsyncClient) -> None:
    said: list[Any] = []
    client.on("connect_error", said.append, namespace=NAMESPACE)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await connect(client, service, refuse=1)
    assert said[0]["data"] == {"reason": "no"}


def test_javascripts_client_with_the_msgpack_parser_talks_and_is_told(
    service: Service, tmp_path: Path
) -> None:
    hook = load_hook()
    hook.install()
    _npm, node = hook.npm_command()
    script = tmp_path / "client.mjs"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [str(node), str(script), str(WEB / "package.json"), f"http://127.0.0.1:{service.port}"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == '{"news":{"n":1},"refused":{"reason":"no"},"id":true}'
