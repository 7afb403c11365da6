import { Server as Engine } from "@socket.io/bun-engine";
import { Server } from "socket.io";
import { serve } from "./socketio.js";

const engine = new Engine({ path: "/socket.io/", pingInterval: 600_000 });
const sockets = new Server();
sockets.bind(engine);
serve(sockets, (begin) => begin(Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 0, ...engine.handler() }).port));
