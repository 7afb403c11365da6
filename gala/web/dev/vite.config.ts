import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

// In place of the service's pictures: `/pictures/owl` is the mascot of that name, any other is missing.
const pictures: Plugin = {
  name: "pictures",
  configureServer(server) {
    server.middlewares.use("/pictures", (request, response) => {
      const name = /^\/([a-z]+)$/.exec(request.url ?? "")?.[1] ?? "";
      const file = fileURLToPath(new URL(`../src/brand/mascots/${name}.svg`, import.meta.url));
      if (!existsSync(file)) response.statusCode = 404;
      response.setHeader("content-type", "image/svg+xml");
      response.end(response.statusCode === 404 ? "" : readFileSync(file));
    });
  },
};

// The states page: every screen of the phone from fixtures, without a service. Not part of the build.
export default defineConfig({
  plugins: [pictures],
  root: fileURLToPath(new URL("..", import.meta.url)),
  server: { host: "127.0.0.1", open: false },
});
