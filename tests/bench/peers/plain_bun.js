// WebSockets alone, without Socket.IO: what Bun.serve costs.
import { listening, number, vote } from "./votes.js";

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request, server) => (server.upgrade(request, { data: number() }) ? undefined : new Response("", { status: 400 })),
  websocket: {
    idleTimeout: 0,
    open: (socket) => socket.subscribe("all"),
    message: (socket, data) => {
      const { id, play } = JSON.parse(data);
      vote(socket.data, play, (reply) => socket.send(JSON.stringify({ id, reply })));
    },
  },
});
listening(server.port, (tally) => server.publish("all", JSON.stringify({ tally })));
