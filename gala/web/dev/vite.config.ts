import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// The states page: every screen of the phone from fixtures, without a service. Not part of the build.
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  server: { host: "127.0.0.1", open: false },
});
