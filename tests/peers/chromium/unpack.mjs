// Unpacks the browser of the package into the folder for temporary files: TMPDIR=FOLDER node unpack.mjs
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inflate } from "@sparticuz/chromium";

const archives = join(fileURLToPath(import.meta.resolve("@sparticuz/chromium")), "../../bin");
await Promise.all(readdirSync(archives).filter((name) => name.endsWith(".br") && !name.startsWith("swiftshader")).map((name) => inflate(join(archives, name))));
