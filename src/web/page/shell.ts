import { html } from "hono/html";
import { LANGUAGES, type Language, languageFrom, wordsOf } from "./browser/words.js";

export { isLanguage, type Language, languageFrom } from "./browser/words.js";

/**
 * The page without its data: all that is the same for everybody who reads that language. The browser's code
 * (`browser/app.ts`) fills it in. It needs `assets/page.css`, `assets/uPlot.css`, and the modules beside `assets/app.js`:
 * relative to its own address, so that a proxy may put the page below any path.
 */
export function shell(language: Language = languageFrom(undefined)): string {
  const words = wordsOf(language);
  const bys = (["hour", "day", "month", "year"] as const).map(
    (by) => html`<a id="by-${by}" href="#">${words.by[by]}</a>`,
  );
  const states = (["verified", "complete", "partial", "missing", "before"] as const).map(
    (state) => html`<li><span class="cell ${state}" aria-hidden="true"></span>${words.dayStates[state]}</li>`,
  );
  const languages = LANGUAGES.map((other) => {
    const current = other === language ? html` aria-current="true"` : "";
    return html`<li><a href="?lang=${other}" lang="${other}" hreflang="${other}"${current}>${wordsOf(other).ownName}</a></li>`;
  });
  return `${html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${words.title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="assets/uPlot.css">
<link rel="stylesheet" href="assets/page.css">
<script type="module" src="assets/app.js"></script>
</head>
<body>
<a class="skip" href="#main">${words.skipToContent}</a>
<header>
  <h1>${words.title}</h1>
  <p id="only-point" hidden></p>
  <p id="points" hidden><label for="point">${words.meteringPoint}</label> <select id="point"></select></p>
</header>
<main id="main" aria-busy="true">
  <noscript><p class="card">${words.needsScript}</p></noscript>
  <section id="trouble" class="card trouble" role="alert" hidden>
    <p id="trouble-sentence"></p>
    <p id="trouble-next"></p>
  </section>
  <section id="state" aria-label="${words.state}" data-level="loading">
    <div role="status">
      <p id="state-sentence">${words.loading}</p>
      <p id="state-next"></p>
    </div>
    <ul id="state-said" hidden></ul>
  </section>
  <section id="consumption" class="card" aria-labelledby="consumption-heading">
    <div class="heading">
      <h2 id="consumption-heading" tabindex="-1">${words.consumption}</h2>
      <nav id="bys" class="choice" aria-label="${words.resolution}">${bys}</nav>
    </div>
    <div class="turning">
      <button id="previous" type="button" class="turn" aria-disabled="true" aria-label="${words.previous.day}">‹</button>
      <p id="range" aria-live="polite"></p>
      <button id="next" type="button" class="turn" aria-disabled="true" aria-label="${words.next.day}">›</button>
      <a id="newest" href="#" hidden>${words.newest}</a>
      <label class="go" for="day"><span>${words.goToDay}</span> <input id="day" type="date"></label>
    </div>
    <dl id="sums"></dl>
    <div class="above-chart">
      <ul id="legend" class="legend"></ul>
      <nav id="shows" class="choice small" aria-label="${words.measure}" hidden>
        <a id="show-energy" href="#">${words.energy}</a>
        <a id="show-cost" href="#">${words.cost}</a>
      </nav>
    </div>
    <div class="chart-place">
      <div id="chart" class="chart" role="img" aria-label="${words.consumption}"></div>
      <p id="no-hours" hidden>${words.noHoursInPeriod}</p>
    </div>
    <p id="chart-hint" class="hint" hidden>${words.chartHint} <span class="for-finger">${words.chartHintFinger}</span></p>
    <details>
      <summary>${words.asTable}</summary>
      <div id="chart-table" class="scroll" tabindex="0" role="region" aria-label="${words.asTable}"></div>
    </details>
    <p class="downloads">
      <a id="download" href="#" download>${words.downloadPeriod}</a>
      <a id="download-all" href="#" download>${words.downloadAll}</a>
    </p>
  </section>
  <section id="years" class="card" aria-labelledby="years-heading" hidden>
    <h2 id="years-heading">${words.yearByYear}</h2>
    <p id="years-sentence" class="lead"></p>
    <ul id="years-legend" class="legend picks"></ul>
    <div id="years-chart" class="chart" role="img" aria-labelledby="years-heading"></div>
    <p id="years-hint" class="hint" hidden>${words.yearsHint}</p>
    <details>
      <summary>${words.asTable}</summary>
      <div id="years-table" class="scroll" tabindex="0" role="region" aria-labelledby="years-heading"></div>
    </details>
  </section>
  <section id="completeness" class="card" aria-labelledby="completeness-heading">
    <div class="heading">
      <h2 id="completeness-heading">${words.calendar}</h2>
      <div class="turning">
        <button id="previous-year" type="button" class="turn" aria-disabled="true" aria-label="${words.previousYear}" title="${words.previousYear}">‹</button>
        <p id="calendar-year" aria-live="polite"></p>
        <button id="next-year" type="button" class="turn" aria-disabled="true" aria-label="${words.nextYear}" title="${words.nextYear}">›</button>
      </div>
    </div>
    <p id="calendar-sentence" class="lead"></p>
    <ul class="legend states">${states}</ul>
    <div id="calendar"></div>
    <p class="hint">${words.calendarHint}</p>
  </section>
  <section class="details" aria-labelledby="details-heading">
    <h2 id="details-heading" class="unseen">${words.details}</h2>
    <section class="card" aria-labelledby="sync-heading">
      <h3 id="sync-heading">${words.sync}</h3>
      <dl id="sync"></dl>
    </section>
    <section id="point-facts" class="card" aria-labelledby="facts-heading" hidden>
      <h3 id="facts-heading">${words.meteringPoint}</h3>
      <dl id="facts"></dl>
      <details id="gaps" hidden>
        <summary>${words.gapList}</summary>
        <div id="gap-table" class="scroll" tabindex="0" role="region" aria-label="${words.gapList}"></div>
      </details>
    </section>
  </section>
</main>
<footer>
  <p>${words.timeZone}</p>
  <nav id="languages" aria-label="${words.language}"><ul>${languages}</ul></nav>
</footer>
</body>
</html>
`}`;
}
