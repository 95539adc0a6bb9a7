// Bundle src/editor.js, and collect the licenses of its contents, in a folder: `npm run build` or `node build.mjs FOLDER`.
import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2] ?? join(here, "..", "static");

// Without npm, a test cannot build the script, but it can compare this hash of the sources.
const sources = (await readdir(join(here, "src"))).sort().map((name) => join("src", name));
const hash = createHash("sha256");
for (const name of ["build.mjs", "package-lock.json", "package.json", ...sources]) hash.update(await readFile(join(here, name)));

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: ["src/editor.js"],
  outfile: join(folder, "editor.js"),
  banner: {
    js:
      "// Built from the folder panels/editor_source of the repository. The licenses are in editor_licenses.txt.\n" +
      `// SHA-256 of the sources: ${hash.digest("hex")}`,
  },
  bundle: true,
  charset: "utf8",
  format: "esm",
  legalComments: "none",
  metafile: true,
  minify: true,
  target: "es2022",
});
const packages = new Set(
  Object.keys(metafile.inputs)
    .map((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1])
    .filter(Boolean),
);
const licenses = await Promise.all(
  [...packages].sort().map(async (name) => {
    const text = await readFile(join(here, "node_modules", name, "LICENSE"), "utf8");
    return `${name}\n\n${text.trim()}\n`;
  }),
);
await writeFile(join(folder, "editor_licenses.txt"), licenses.join("\n----\n\n"));
