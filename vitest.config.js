import { defineConfig } from "vitest/config";

// The tests run as built: worker threads on Node 20 load no TypeScript, and what runs is what ships.
export default defineConfig({
  test: {
    include: ["dist/test/**/*.test.js"],
    exclude: [],
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // CI prints the counts from the file.
    reporters: process.env.CI ? ["default", ["json", { outputFile: "dist/test-results.json" }]] : ["default"],
    server: { deps: { external: [/\/dist\/(?:src|workers)\//] } },
  },
});
