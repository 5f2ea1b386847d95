// Plays the vectors against the session on MicroPython: node micropython.mjs. Says `N vectors passed, N failed` at the end.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";

const HERE = import.meta.dirname;
const LIBRARY = join(HERE, "..");
const VECTORS = join(HERE, "../../../spec/vectors");
/** Bytes of MicroPython's heap: that of a board with some external memory. */
const HEAP = 4 * 1024 * 1024;

const python = await loadMicroPython({ heapsize: HEAP, stdout: (line) => console.log(line), linebuffer: true });

/** Puts a folder's Python files where MicroPython finds them. @param {string} from @param {string} to */
function copy(from, to) {
  python.FS.mkdirTree(to);
  for (const name of readdirSync(from).filter((name) => name.endsWith(".py"))) {
    python.FS.writeFile(`${to}/${name}`, readFileSync(join(from, name)));
  }
}

copy(join(LIBRARY, "glassline/session"), "/lib/glassline/session");
for (const [from, to] of [
  [join(LIBRARY, "glassline/__init__.py"), "/lib/glassline/__init__.py"],
  [join(HERE, "notation.py"), "/lib/notation.py"],
  [join(HERE, "film.py"), "/lib/film.py"],
]) {
  python.FS.writeFile(to, readFileSync(from));
}
python.runPython("import sys; sys.path.append('/lib')\nimport film");

const names = readdirSync(VECTORS).filter((name) => name.endsWith(".txt")).sort();
let failed = 0;
for (const name of names) {
  python.globals.set("script", readFileSync(join(VECTORS, name), "utf8"));
  try {
    python.runPython("film.play(script)");
  } catch (error) {
    failed += 1;
    console.log(`${name}: ${error}`);
  }
}
python.runPython("import gc; gc.collect(); print(gc.mem_alloc(), 'bytes of memory in use')");
console.log(`${names.length - failed} vectors passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
