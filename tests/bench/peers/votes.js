// What all peers share: votes gathered for a moment and applied by one call of one script, and what is read on stdin.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import Redis from "ioredis";

const [, , name, socket, gatherMs, onlineText] = process.argv;
const BATCH_MAX = 512;
const CHOICES = { comets: 1, harbour: 2 };
const store = new Redis(socket);
store.defineCommand("vote", {
  numberOfKeys: 2,
  lua: readFileSync(new URL("vote.lua", import.meta.url), "utf8"),
});
const online = Number(onlineText);

let waiting = [];
let flushing = false;
let numbers = 0;

export const number = () => numbers++;

/** A play as a phone sent it: `then` is called with its fate once that is durable. */
export function vote(number, play, then) {
  const choice = CHOICES[play?.move?.choices?.[0]];
  if (choice === undefined || !Number.isInteger(play.seq) || play.seq < 1) {
    then({ status: "refused", reason: "bad_move" });
    return;
  }
  waiting.push({ number, seq: play.seq, choice, choices: play.move.choices, then });
  if (!flushing) {
    flushing = true;
    setTimeout(flush, gatherMs);
  }
}

async function flush() {
  const batch = waiting.splice(0, BATCH_MAX);
  let text = "";
  for (const { number, seq, choice } of batch) text += `${number},${seq},${choice};`;
  const counted = await store.vote(`${name}:slots`, `${name}:counters`, text);
  for (let at = 0; at < batch.length; at++) {
    const { seq, choices, then } = batch[at];
    then({ status: counted[at] === "1" ? "counted" : "already", mine: { seq, has: { choices } } });
  }
  if (waiting.length) setTimeout(flush, waiting.length < BATCH_MAX ? gatherMs : 0);
  else flushing = false;
}

let boards = 0;
const tally = () => ({
  round: "short/tetris/1",
  seq: 1_573_385_400_000 + ++boards,
  counters: { voters: online, choices: { comets: 61_728, harbour: 61_728 }, channels: { hall: online, aerial: 0, app: 0 } },
  online,
});

function collect() {
  for (let time = 0; time < 3; time++) {
    if (typeof Bun !== "undefined") Bun.gc(true);
    else globalThis.gc();
  }
}

/** Says the port, then does as it is told, a line at a time, until there are no more. */
export function listening(port, tell) {
  const say = (line) => process.stdout.write(`${line}\n`);
  createInterface({ input: process.stdin })
    .on("line", (line) => {
      if (line === "board") tell(tally());
      else {
        if (line === "collect") collect();
        say("done");
      }
    })
    .on("close", () => process.exit());
  say(port);
}
