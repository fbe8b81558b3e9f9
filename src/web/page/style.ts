/**
 * The page's style sheet. Bars and lines have at least 3:1 against the background in both schemes, texts 4.5:1; day, night
 * and winter stay apart for colour-blind eyes by their lightness as well as by their hue.
 */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f4f3ef;
  --surface: #ffffff;
  --ink: #1b2430;
  --quiet: #586273;
  --line: #e3e1da;
  --edge: #8b8f98;
  --accent: #1f5c99;
  --accent-soft: #e6eef7;
  --good: #1d7a4f;
  --attention: #a35a00;
  --problem: #b3261e;
  --night: #24457f;
  --day: #cc7a00;
  --winter: #00877a;
  --whole: #3a72b0;
  --production: #5c8a1c;
  --temperature: #b3226b;
  --cost: #7a5aa6;
  --year-0: #1f5c99;
  --year-1: #cc7a00;
  --year-2: #00877a;
  --year-3: #b3226b;
  --year-4: #7a5aa6;
  --year-5: #5c8a1c;
  --partial: #f6d7a3;
  --shadow: 0 1px 2px rgb(27 36 48 / 6%), 0 4px 16px rgb(27 36 48 / 4%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c;
    --surface: #1a2028;
    --ink: #e8ebf0;
    --quiet: #a3adbb;
    --line: #2c3541;
    --edge: #7a8494;
    --accent: #82b7ee;
    --accent-soft: #24354a;
    --good: #6ccf9c;
    --attention: #f0b45c;
    --problem: #ff9a92;
    --night: #6a8fd8;
    --day: #f2b14a;
    --winter: #35c4b0;
    --whole: #7fb0e6;
    --production: #a3d05e;
    --temperature: #ff8ab9;
    --cost: #b79be0;
    --year-0: #82b7ee;
    --year-1: #f2b14a;
    --year-2: #35c4b0;
    --year-3: #ff8ab9;
    --year-4: #b79be0;
    --year-5: #a3d05e;
    --partial: #6b4d17;
    --shadow: none;
  }
}
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  background: var(--page);
  color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
header, main, footer { max-width: 75rem; margin: 0 auto; padding-inline: 1rem; }
header {
  display: flex;
  flex-wrap: wrap;
  align-items: baseline;
  justify-content: space-between;
  gap: .25rem 1.5rem;
  padding-block: 1.75rem .25rem;
}
h1, h2, h3, p, dl, dd, ul { margin: 0; }
h1 { font-size: 1.125rem; font-weight: 600; letter-spacing: -.005em; }
h2 { font-size: 1.25rem; font-weight: 650; letter-spacing: -.01em; line-height: 1.3; }
h3 { font-size: 1rem; font-weight: 600; }
h2:focus { outline: none; }
ul { padding: 0; list-style: none; }
header p { color: var(--quiet); min-width: 0; max-width: 100%; }
main { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.25rem; padding-block: .5rem 1.5rem; }
footer { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: .5rem 1.5rem; padding-block: 0 2.5rem; color: var(--quiet); font-size: .875rem; }
footer ul { display: flex; gap: 1.25rem; }
footer a { display: inline-block; padding-block: .25rem; }
footer a[aria-current] { color: inherit; text-decoration: none; font-weight: 600; }
a { color: var(--accent); text-underline-offset: .2em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.unseen {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
.skip { position: absolute; left: 1rem; top: -4rem; padding: .5rem 1rem; background: var(--surface); z-index: 2; }
.skip:focus { top: .5rem; }
.card {
  background: var(--surface);
  border: 1px solid var(--line);
  border-radius: 14px;
  box-shadow: var(--shadow);
  padding: 1.25rem 1.5rem;
  min-width: 0;
}

/* Controls */
select, input, .choice a, .turn {
  font: inherit;
  color: inherit;
  min-height: 2.5rem;
  background: var(--surface);
  border: 1px solid var(--edge);
  border-radius: 9px;
}
select { padding: .25rem .5rem; max-width: 100%; text-overflow: ellipsis; }
input { padding: .25rem .5rem; }
#points { display: flex; flex-wrap: wrap; gap: .25rem .5rem; align-items: center; }
#points select { color: var(--ink); min-width: 0; }
.choice { display: inline-flex; flex-wrap: wrap; }
.choice a {
  display: inline-flex;
  align-items: center;
  padding: 0 .875rem;
  text-decoration: none;
  border-radius: 0;
  margin-left: -1px;
}
.choice a:first-child { border-radius: 9px 0 0 9px; margin-left: 0; }
.choice a:last-child { border-radius: 0 9px 9px 0; }
.choice a[aria-current] { background: var(--accent); border-color: var(--accent); color: var(--surface); font-weight: 600; }
.choice a:focus-visible { z-index: 1; }
.choice.small a { min-height: 2rem; font-size: .875rem; padding: 0 .75rem; }
.turn { width: 2.5rem; font-size: 1.375rem; line-height: 1; cursor: pointer; padding: 0 0 .2rem; }
#consumption .turn[hidden] { display: inline-block !important; visibility: hidden; }
.turn[aria-disabled="true"] { color: var(--edge); border-color: var(--line); cursor: default; }
@media (hover: hover) {
  .choice a:not([aria-current]):hover, .turn:not([aria-disabled="true"]):hover, .picks button:hover { background: var(--accent-soft); }
}

/* How things are */
#state { display: grid; gap: .75rem; padding: .25rem 0 .5rem; }
#state > div { position: relative; padding-left: 2.75rem; min-height: 4.25rem; }
#state[data-level="problem"] > div { min-height: 2.5rem; }
#state > div::before {
  content: "✓";
  position: absolute;
  left: 0;
  top: .2rem;
  width: 2rem;
  height: 2rem;
  border-radius: 50%;
  display: grid;
  place-items: center;
  background: var(--good);
  color: var(--page);
  font-weight: 700;
}
#state[data-level="loading"] > div::before, #state[data-level="working"] > div::before { content: "…"; background: var(--accent); }
#state[data-level="attention"] > div::before { content: "!"; background: var(--attention); }
#state[data-level="problem"] > div::before { content: "!"; background: var(--problem); }
#state-sentence { font-size: clamp(1.25rem, 1rem + 1.2vw, 1.75rem); font-weight: 650; letter-spacing: -.015em; line-height: 1.3; text-wrap: balance; }
#state-next { color: var(--quiet); margin-top: .25rem; max-width: 48rem; }
#state-said { display: grid; gap: .5rem; margin-left: 2.75rem; }
#state-said li, .trouble { border-left: 4px solid var(--problem); }
#state-said li { background: var(--surface); border-radius: 4px 10px 10px 4px; padding: .75rem 1rem; overflow-wrap: anywhere; }
#state-said li p + p { margin-top: .25rem; }
.trouble p:first-child { font-weight: 650; }

/* Consumption */
.heading { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: .75rem 1rem; }
.turning { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; }
#consumption > .turning { margin-top: 1rem; }
#range { font-size: 1.0625rem; font-weight: 600; min-width: 11.5rem; text-align: center; padding: 0 .25rem; }
#calendar-year { font-weight: 600; min-width: 3.5rem; text-align: center; }
.go { margin-left: auto; color: var(--quiet); font-size: .875rem; display: flex; align-items: center; gap: .5rem; }
.go input { color: var(--ink); font-size: .9375rem; }
#sums { display: flex; flex-wrap: wrap; gap: .75rem 2.5rem; margin-top: 1.25rem; min-height: 3.25rem; }
.figure dt { color: var(--quiet); font-size: .875rem; }
.figure dd { font-size: 1.375rem; font-weight: 600; letter-spacing: -.01em; line-height: 1.3; }
.above-chart { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: .5rem 1rem; margin-top: 1.25rem; min-height: 2rem; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .875rem; }
.legend li { display: flex; align-items: center; gap: .5rem; }
.unit { color: var(--quiet); }
.swatch { flex: none; width: .75rem; height: .75rem; border-radius: 3px; }
.is-night { background: var(--night); }
.is-day { background: var(--day); }
.is-winter { background: var(--winter); }
.is-whole { background: var(--whole); }
.is-production { background: var(--production); }
.is-temperature { background: var(--temperature); height: 3px; border-radius: 2px; width: 1rem; }
.is-cost { background: var(--cost); }
.line { flex: none; width: 1.5rem; height: 0; border-top: 3px solid; }
.is-year-0 { color: var(--year-0); }
.is-year-1 { color: var(--year-1); }
.is-year-2 { color: var(--year-2); }
.is-year-3 { color: var(--year-3); }
.is-year-4 { color: var(--year-4); }
.is-year-5 { color: var(--year-5); }
.dash-1 { border-top-style: dashed; }
.dash-2 { border-top-style: dotted; }
.picks { gap: .25rem .375rem; margin-inline: -.5rem; }
.picks button {
  display: inline-flex;
  align-items: center;
  gap: .5rem;
  min-height: 2rem;
  padding: 0 .5rem;
  font: inherit;
  color: inherit;
  background: none;
  border: 1px solid transparent;
  border-radius: 9px;
  cursor: pointer;
}
.picks button[aria-pressed="true"] { border-color: var(--accent); background: var(--accent-soft); font-weight: 600; }
.chart-place { position: relative; margin-top: .75rem; }
.chart { height: 20rem; min-width: 0; overflow-x: clip; }
#years-chart { height: 17rem; margin-top: .75rem; }
#no-hours { position: absolute; inset: 0; display: grid; place-items: center; text-align: center; color: var(--quiet); pointer-events: none; }
.choosable .u-over { cursor: pointer; }
.highlight { position: absolute; top: 0; left: 0; height: 100%; background: var(--ink); opacity: .07; }
.readout {
  position: absolute;
  top: 0;
  left: 0;
  z-index: 1;
  pointer-events: none;
  display: grid;
  gap: .125rem;
  min-width: 10.5rem;
  padding: .625rem .75rem;
  font-size: .875rem;
  background: var(--surface);
  border: 1px solid var(--edge);
  border-radius: 9px;
  white-space: nowrap;
}
.row { display: flex; align-items: center; gap: .5rem; }
.row b { margin-left: auto; padding-left: 1rem; font-weight: 600; }
.hint { color: var(--quiet); font-size: .875rem; margin-top: .5rem; }
@media (pointer: fine) { .for-finger { display: none; } }
.lead { color: var(--quiet); margin-top: .25rem; }
#years .legend, #completeness .legend { margin-top: .75rem; }
details { margin-top: 1rem; }
summary { cursor: pointer; color: var(--accent); width: fit-content; padding: .25rem 0; }
.scroll { overflow: auto; max-height: 26rem; margin-top: .5rem; border: 1px solid var(--line); border-radius: 9px; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { padding: .375rem .875rem; text-align: right; white-space: nowrap; font-weight: 400; }
th:first-child { text-align: left; }
thead th { position: sticky; top: 0; background: var(--surface); font-weight: 600; box-shadow: inset 0 -1px var(--edge); }
tbody tr + tr > * { border-top: 1px solid var(--line); }
.downloads { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; margin-top: .75rem; }

/* Calendar */
#calendar { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); gap: 1.25rem 1.75rem; margin-top: 1.25rem; min-height: 44rem; align-content: start; }
.month h3 { font-size: .9375rem; margin-bottom: .25rem; }
.days { display: grid; grid-template-columns: repeat(7, 1fr); gap: 3px; }
.weekday { text-align: center; font-size: .75rem; color: var(--quiet); }
.cell {
  display: grid;
  place-items: center;
  min-height: 1.75rem;
  font-size: .8125rem;
  line-height: 1;
  border-radius: 6px;
  border: 1px solid transparent;
  color: var(--quiet);
  text-decoration: none;
}
.verified, .complete, .partial { color: var(--ink); }
.verified { background: var(--accent-soft); box-shadow: inset 0 -3px var(--accent); }
.complete { border-color: var(--accent); }
.partial { background: linear-gradient(to top, var(--partial) 50%, var(--surface) 50%); border: 2px solid var(--attention); font-weight: 600; }
.missing { color: var(--problem); border: 2px dashed var(--problem); font-weight: 600; }
a.cell:focus-visible { outline-offset: 1px; border-radius: 6px; }
.from-1 { grid-column-start: 2; }
.from-2 { grid-column-start: 3; }
.from-3 { grid-column-start: 4; }
.from-4 { grid-column-start: 5; }
.from-5 { grid-column-start: 6; }
.from-6 { grid-column-start: 7; }
.states .cell { width: 1.25rem; min-height: 1.25rem; border-radius: 4px; }
.states .before { border-color: var(--line); }
@media (hover: hover) { a.cell:hover { border-color: var(--ink); } }

/* Details */
.details { display: grid; gap: 1.25rem; }
.details dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); column-gap: 2.5rem; margin-top: .5rem; }
.term { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 1rem; padding: .5rem 0; border-top: 1px solid var(--line); }
.term dt { color: var(--quiet); hyphens: auto; overflow-wrap: anywhere; }
.term dd { overflow-wrap: anywhere; }

@media (max-width: 36rem) {
  header { padding-block: 1rem 0; }
  header, main, footer { padding-inline: .75rem; }
  .card { padding: 1rem .875rem; border-radius: 12px; }
  .choice:not(.small) { display: flex; width: 100%; flex-wrap: nowrap; }
  .choice:not(.small) a { flex: 1; justify-content: center; padding: 0 .25rem; font-size: .9375rem; }
  #consumption > .turning { display: grid; grid-template-columns: auto 1fr auto; }
  #range { min-width: 0; }
  #newest { grid-column: 1; padding: .5rem 0; }
  .go { grid-column: 2 / -1; }
  #sums { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem 1rem; }
  .figure:last-child:nth-child(odd) { grid-column: 1 / -1; }
  .figure dd { font-size: 1.1875rem; }
  .chart, #years-chart { height: 15rem; }
  .readout { position: fixed; inset: auto .75rem .75rem; transform: none !important; box-shadow: 0 2px 12px rgb(0 0 0 / 25%); }
  .readout.upper { inset: .75rem .75rem auto; }
  #years .readout { grid-template-columns: repeat(2, minmax(0, 1fr)); column-gap: 1rem; font-size: .8125rem; }
  #years .readout strong { grid-column: 1 / -1; }
  #years .row { gap: .375rem; }
  #years .row b { padding-left: 0; }
  #years .row .line { width: 1.125rem; }
  #calendar { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem .625rem; margin-inline: -.375rem; }
  .term { grid-template-columns: 1fr; gap: 0; }
  .days { gap: 1px; }
  .cell { font-size: .75rem; min-height: 1.5rem; border-radius: 4px; }
}
@media (prefers-reduced-motion: no-preference) {
  html { scroll-behavior: smooth; }
}
@media (forced-colors: active) {
  .swatch, .line, .cell { forced-color-adjust: none; }
}
@media print {
  .choice, .turn, .go, .downloads, details { display: none; }
}
`;
