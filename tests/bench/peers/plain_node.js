// WebSockets alone, without Socket.IO: what `ws` costs.
import { WebSocketServer } from "ws";
import { listening, number, vote } from "./votes.js";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", backlog: 1024, perMessageDeflate: false });
server.on("connection", (socket) => {
  const mine = number();
  socket.on("message", (data) => {
    const { id, play } = JSON.parse(data);
    vote(mine, play, (reply) => socket.send(JSON.stringify({ id, reply })));
  });
});
server.on("listening", () =>
  listening(server.address().port, (tally) => {
    const text = JSON.stringify({ tally });
    for (const socket of server.clients) socket.send(text);
  }),
);
