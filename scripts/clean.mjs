// A stale file in dist would still be found by the tests and the packer.
import { rmSync } from "node:fs";

rmSync(new URL("../dist", import.meta.url), { recursive: true, force: true });
