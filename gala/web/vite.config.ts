import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const page = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

// One HTML file a page. The public edge serves viewer.html at `/`, the crew edge director.html at `/director`;
// both serve `assets/` beside them, whose names carry their content's hash.
export default defineConfig({
  build: {
    target: "es2022",
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { viewer: page("viewer.html"), director: page("director.html") } },
  },
});
