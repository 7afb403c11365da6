import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const page = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

// Compressed once here rather than by an edge at each of a million joins; `gala.edge.pages.Assets` picks.
// gzip too, as browsers take brotli over https only.
const compressed: Plugin = {
  name: "compressed",
  apply: "build",
  closeBundle() {
    const folder = page("dist/assets");
    for (const name of readdirSync(folder).filter((one) => /\.(js|css)$/.test(one))) {
      const content = readFileSync(`${folder}/${name}`);
      writeFileSync(`${folder}/${name}.gz`, gzipSync(content, { level: 9 }));
      writeFileSync(`${folder}/${name}.br`, brotliCompressSync(content));
    }
  },
};

const PEOPLE = { viewer: page("viewer.html"), director: page("director.html"), audit: page("audit.html") };
// The overlay runs in whatever browser a vision mixer brings along, which may be years old: built by itself
// (`--mode overlay`, after the others), for an older language.
const AIR = { overlay: page("overlay.html") };

// One HTML file a page. The public edge serves viewer.html at `/`, the crew edge the others under their names;
// both serve `assets/` beside them, whose names carry their content's hash.
export default defineConfig(({ mode }) => ({
  plugins: [compressed],
  build: {
    target: mode === "overlay" ? "es2020" : "es2022",
    cssTarget: mode === "overlay" ? "chrome95" : "chrome111",
    emptyOutDir: mode !== "overlay",
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: mode === "overlay" ? AIR : PEOPLE },
  },
}));
