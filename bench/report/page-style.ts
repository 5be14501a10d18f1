import { COLORS } from "./peer-style.ts";

/** The page's style sheet: follows the reader's light or dark setting, one column on a phone. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #fff; --ink: #1a1d21; --soft: #5c646d; --rule: #dfe3e8; --good: #116b3a; --bad: #a8200d;
  --c0: #8a9099; --c1: #b07600; --c2: #0b62c4; --c3: #c0392b; --c4: #7a3fb0;
  --c5: #00796b; --c6: #c2418c; --c7: #5d7a00; --c8: #0092b3; --c9: #7c5540;
  --c10: #3f51b5; --c11: #8f8a00; --c12: #d2570a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #15181c; --ink: #e6e9ed; --soft: #9aa3ad; --rule: #30363d; --good: #5fd08f; --bad: #ff8a75;
    --c0: #8f98a3; --c1: #e5a83b; --c2: #58a6ff; --c3: #ff7b6b; --c4: #b990f0;
    --c5: #3cc4ae; --c6: #f07fc0; --c7: #a9c93f; --c8: #4fd0ef; --c9: #c79c85;
    --c10: #9aa8ff; --c11: #d8d13a; --c12: #ff9d5c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 76rem; padding: 1.5rem 1rem 4rem;
  background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .25rem; border-top: 1px solid var(--rule); padding-top: 1.25rem; }
p { margin: .25rem 0; max-width: 60rem; }
.soft, figcaption, dt { color: var(--soft); }
a { color: var(--c2); }
nav { margin: 1rem 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: .5rem 0; }
dd { margin: 0; overflow-wrap: anywhere; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1.25rem 2rem; }
figure { margin: .75rem 0; max-width: 36rem; }
figcaption { font-size: .9rem; margin-bottom: .25rem; }
svg { display: block; width: 100%; height: auto; }
.key { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; padding: 0; margin: .75rem 0 0; list-style: none; font-size: .9rem; }
.key li { display: flex; align-items: center; gap: .4rem; }
.key svg { width: 2rem; flex: none; }
.tables { display: flex; flex-wrap: wrap; gap: 0 2.5rem; }
.table { overflow-x: auto; max-width: 100%; margin: .75rem 0; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .25rem; }
th, td { padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--rule); text-align: left; white-space: nowrap; }
.targets td:nth-child(odd) { white-space: normal; min-width: 8rem; }
.ok { color: var(--good); font-weight: 600; }
.short { color: var(--bad); font-weight: 600; }
summary { cursor: pointer; color: var(--soft); margin-top: .5rem; }
.label { font-size: 13px; fill: var(--ink); }
.tick { font-size: 11.5px; fill: var(--soft); }
.grid { stroke: var(--rule); }
.whisker { stroke: var(--ink); stroke-width: 1.2; }
.bar { fill: currentColor; opacity: .75; }
.curve { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
.reference { stroke: currentColor; opacity: .45; stroke-dasharray: 1 4; }
.range { stroke: currentColor; opacity: .45; stroke-width: 5; }
.dot { fill: currentColor; }
${Array.from({ length: COLORS }, (_, i) => `.c${i} { color: var(--c${i}); }`).join("\n")}
`;
