import { Server as Engine } from "@socket.io/bun-engine";
import { Server } from "socket.io";
import { serve } from "./socketio.js";

const engine = new Engine({ path: "/socket.io/", pingInterval: 600_000 });
const sockets = new Server();
sockets.bind(engine);
const { websocket, ...handler } = engine.handler();
serve(sockets, (begin) => {
  const quiet = { ...websocket, idleTimeout: 0 };
  begin(Bun.serve({ ...handler, port: 0, hostname: "127.0.0.1", websocket: quiet }).port);
});
