import { createServer } from "node:http";
import { Server } from "socket.io";
import { serve } from "./socketio.js";

const http = createServer();
serve(new Server(http, { transports: ["websocket"], serveClient: false, perMessageDeflate: false, pingInterval: 600_000 }), (begin) =>
  http.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, () => begin(http.address().port)),
);
