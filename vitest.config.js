import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// The tests run as built: worker threads on Node 20 load no TypeScript, and what runs is what ships.
export default defineConfig({
  test: {
    include: ["dist/test/**/*.test.js"],
    exclude: [],
    pool: "forks",
    // On two cores Vitest would leave one to itself, while most tests wait for threads and processes.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // CI prints the counts from the file.
    reporters: process.env.CI ? ["default", ["json", { outputFile: "dist/test-results.json" }]] : ["default"],
    server: { deps: { external: [/\/dist\/(?:src|workers|bench)\//] } },
  },
});
