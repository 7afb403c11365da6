// The handlers, the same on Node and on Bun.
import { listening, number, vote } from "./votes.js";

export function serve(sockets, listen) {
  const viewers = sockets.of("/viewer");
  viewers.on("connection", (socket) => {
    const mine = number();
    socket.on("play", (play, then) => vote(mine, play, then));
  });
  listen((port) => listening(port, (tally) => viewers.emit("tally", tally)));
}
