import { Server as Engine } from "@socket.io/bun-engine";
import { Server } from "socket.io";
import { serve } from "./socketio.js";

const engine = new Engine({ path: "/socket.io/", pingInterval: 600_000 });
const sockets = new Server();
sockets.bind(engine);
const { websocket, ...handler } = engine.handler();
serve(sockets, (begin) => {
  // the engine makes Bun's deadline of its ping interval, and Bun takes no more than 255 s
  const quiet = { ...handler, idleTimeout: 255, websocket: { ...websocket, idleTimeout: 0 } };
  begin(Bun.serve({ ...quiet, port: 0, hostname: "127.0.0.1" }).port);
});
