/** The worker of `work.ts`. */
import { solve, type Task } from "./work.ts";

addEventListener("message", ({ data }: MessageEvent<Task>) => postMessage(solve(data)));
