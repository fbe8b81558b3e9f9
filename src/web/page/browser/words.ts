import type { OverviewGuard } from "../../api.js";

/** The languages of the page, the one for everybody else first. */
export const LANGUAGES = ["en", "fi", "sv"] as const;
export type Language = (typeof LANGUAGES)[number];

/** Every word that the page says. What varies is handed in, already formatted for the language. */
export interface Words {
  /** For `Intl`: numbers and dates as in Finland, but in British English for those who read English. */
  readonly locale: string;
  /** Of the language, in itself. */
  readonly ownName: string;
  readonly language: string;
  readonly title: string;
  readonly skipToContent: string;
  readonly needsScript: string;
  readonly loading: string;
  readonly meteringPoint: string;
  /** Between hours and minutes. */
  readonly clockMark: "." | ":";
  /** In a date with its weekday: "Wed, 4 Nov 2026" (in figures it would be "04/11", which half of the readers take for April). */
  readonly monthOfDate: "short" | "numeric";
  /** A time after a date: "at 17:00". */
  clock(time: string): string;

  readonly state: string;
  everyHour(until: string): string;
  hoursMissing(count: number, countText: string): string;
  storedUntil(until: string): string;
  noHoursSince(until: string): string;
  readonly noHoursSinceNext: string;
  compared(when: string): string;
  readonly notComparedYet: string;
  askedAgain(when: string): string;
  lookingBack(requests: string): string;
  syncFailed(when: string): string;
  readonly attention: string;
  /** Before what the program says to do. */
  readonly whatToDo: string;
  readonly justNow: string;
  readonly loginFailed: Readonly<Record<NonNullable<OverviewGuard["kind"]>, (when: string) => string>>;
  readonly carunaSays: string;
  readonly transcript: string;
  heldUntil(when: string): string;
  readonly heldForGood: string;
  readonly noHoursYet: string;
  readonly noHoursNext: string;
  readonly noPointsYet: string;
  readonly serverGone: string;
  readonly serverGoneNext: string;
  readonly noAccess: string;
  readonly noAccessNext: string;
  readonly answerFailed: string;

  readonly consumption: string;
  readonly resolution: string;
  readonly by: Readonly<Record<"hour" | "day" | "month" | "year", string>>;
  readonly previous: Readonly<Record<"hour" | "day" | "month" | "year", string>>;
  readonly next: Readonly<Record<"hour" | "day" | "month" | "year", string>>;
  readonly newest: string;
  readonly goToDay: string;
  readonly measure: string;
  readonly energy: string;
  readonly cost: string;
  readonly costInFull: string;
  readonly production: string;
  readonly temperature: string;
  readonly meanTemperature: string;
  readonly allYears: string;
  readonly day: string;
  readonly night: string;
  readonly winterDay: string;
  readonly otherTime: string;
  readonly noSplit: string;
  readonly total: string;
  readonly noHoursInPeriod: string;
  hoursOf(hours: string, expected: string): string;
  readonly partsOfHours: string;
  readonly asTable: string;
  readonly period: string;
  readonly hours: string;
  readonly downloadPeriod: string;
  readonly downloadAll: string;
  readonly chartHint: string;
  readonly chartHintFinger: string;

  readonly yearByYear: string;
  readonly yearsHint: string;
  readonly month: string;
  moreThan(months: string, kwh: string, percent: string, year: string): string;
  lessThan(months: string, kwh: string, percent: string, year: string): string;
  asMuchAs(months: string, kwh: string, year: string): string;
  readonly wholeYear: string;

  readonly calendar: string;
  readonly calendarHint: string;
  readonly previousYear: string;
  readonly nextYear: string;
  readonly dayStates: Readonly<Record<"verified" | "complete" | "partial" | "missing" | "future" | "before", string>>;
  daysComplete(complete: string, days: string, verified: string): string;

  readonly details: string;
  readonly sync: string;
  readonly lastSync: string;
  readonly syncWell: string;
  readonly syncNotWell: string;
  readonly noSyncYet: string;
  readonly nextSync: string;
  readonly guard: string;
  readonly guardOpen: string;
  readonly unknown: string;
  readonly lookBack: string;
  readonly lookBackDone: string;
  readonly product: string;
  readonly fuse: string;
  readonly gsrn: string;
  readonly id: string;
  readonly firstHour: string;
  readonly newestHour: string;
  readonly storedHours: string;
  readonly missingHours: string;
  readonly none: string;
  readonly verified: string;
  readonly nextAsk: string;
  readonly nothingDue: string;
  readonly followed: string;
  readonly followedYes: string;
  readonly followedNo: string;
  readonly gapList: string;
  readonly gapStart: string;
  readonly gapEnd: string;
  readonly timeZone: string;
}

const en: Words = {
  locale: "en-GB",
  ownName: "English",
  language: "Language",
  title: "Electricity consumption",
  skipToContent: "Skip to the content",
  needsScript: "This page draws its charts with JavaScript, which is turned off in this browser.",
  loading: "Loading …",
  meteringPoint: "Metering point",
  clockMark: ":",
  monthOfDate: "short",
  clock: (time) => `at ${time}`,

  state: "How things are",
  everyHour: (until) => `Every hour is there, until ${until}.`,
  hoursMissing: (count, countText) => (count === 1 ? "One hour is missing." : `${countText} hours are missing.`),
  storedUntil: (until) => `The newest hour ends on ${until}.`,
  noHoursSince: (until) => `There are no hours since ${until}.`,
  noHoursSinceNext: "Caruna+ has not published newer ones.",
  compared: (when) => `Compared with Caruna+ ${when}.`,
  notComparedYet: "Not yet compared with Caruna+.",
  askedAgain: (when) => `Caruna+ is asked again ${when}.`,
  lookingBack: (requests) => `Your history is being loaded: ${requests} requests to Caruna+ to go.`,
  syncFailed: (when) => `The last sync failed ${when}.`,
  attention: "Something needs your attention.",
  whatToDo: "What to do:",
  justNow: "just now",
  loginFailed: {
    rejected: (when) => `Caruna+ rejected the password ${when}.`,
    "person needed": (when) => `The login needs you: Caruna+ asked for something only a person can do, ${when}.`,
    "not understood": (when) => `What Caruna+ answered to the login ${when} was not understood.`,
    "no answer": (when) => `Caruna+ did not answer the login ${when}.`,
  },
  carunaSays: "Caruna+ said",
  transcript: "Transcript of that login",
  heldUntil: (when) => `It is not tried again before ${when}, so that the account is not locked.`,
  heldForGood: "It is not tried again until you change it or run the command “login”.",
  noHoursYet: "There are no hours yet.",
  noHoursNext:
    "The first ones come with the next sync. Caruna+ publishes the hours of a day on the next morning, or later. If none come, run the command “doctor”.",
  noPointsYet: "No metering point is known yet. The first sync finds yours.",
  serverGone: "The program does not answer.",
  serverGoneNext: "Is it running? The page tries again by itself; what it shows is as it was.",
  noAccess: "The program wants its token.",
  noAccessNext: "Open this address with ?token= and the value of HTTP_TOKEN at its end.",
  answerFailed: "The program could not answer:",

  consumption: "Consumption",
  resolution: "Show by",
  by: { hour: "Hours", day: "Days", month: "Months", year: "Years" },
  previous: { hour: "Previous day", day: "Previous month", month: "Previous year", year: "Previous years" },
  next: { hour: "Next day", day: "Next month", month: "Next year", year: "Next years" },
  newest: "Newest",
  goToDay: "Go to",
  measure: "Show",
  energy: "Energy",
  cost: "Cost",
  costInFull: "Distribution with taxes",
  production: "Production",
  temperature: "Temperature",
  meanTemperature: "Mean temperature",
  allYears: "All years",
  day: "Day",
  night: "Night",
  winterDay: "Winter day",
  otherTime: "Other time",
  noSplit: "Not split",
  total: "Total",
  noHoursInPeriod: "There are no hours in this period.",
  hoursOf: (hours, expected) => `${hours} of ${expected}`,
  partsOfHours: "hours are there",
  asTable: "The same as a table",
  period: "Period",
  hours: "Hours",
  downloadPeriod: "Download this period (CSV)",
  downloadAll: "Download everything (CSV)",
  chartHint: "Select a bar to look closer.",
  chartHintFinger: "A first touch tells what it is, a second one looks closer.",

  yearByYear: "Year against year",
  yearsHint: "Select a year above to make its line stand out.",
  month: "Month",
  moreThan: (months, kwh, percent, year) => `${months}: ${kwh}, ${percent} more than in ${year}.`,
  lessThan: (months, kwh, percent, year) => `${months}: ${kwh}, ${percent} less than in ${year}.`,
  asMuchAs: (months, kwh, year) => `${months}: ${kwh}, as much as in ${year}.`,
  wholeYear: "Whole year",

  calendar: "Is every hour there?",
  calendarHint: "Select a day to see its hours. The arrow keys move from day to day.",
  previousYear: "Previous year",
  nextYear: "Next year",
  dayStates: {
    verified: "Verified: complete, and checked again with Caruna+",
    complete: "Complete",
    partial: "Some hours missing",
    missing: "All hours missing",
    future: "Still to come",
    before: "Before the first hour",
  },
  daysComplete: (complete, days, verified) => `${complete} of ${days} days are complete, ${verified} of them verified.`,

  details: "Details",
  sync: "Sync with Caruna+",
  lastSync: "Last sync",
  syncWell: "went well",
  syncNotWell: "failed",
  noSyncYet: "None since the program was started",
  nextSync: "Next sync",
  guard: "Password",
  guardOpen: "Not held back",
  unknown: "Not known",
  lookBack: "History",
  lookBackDone: "Loaded",
  product: "Distribution product",
  fuse: "Main fuse",
  gsrn: "Number on bills (GSRN)",
  id: "Number in Caruna+",
  firstHour: "First hour",
  newestHour: "Newest hour",
  storedHours: "Hours stored",
  missingHours: "Hours missing",
  none: "None",
  verified: "Agreed with Caruna+",
  nextAsk: "Next request",
  nothingDue: "Nothing is due",
  followed: "Table energy_hourly",
  followedYes: "Of this metering point",
  followedNo: "Not of this metering point",
  gapList: "The missing hours",
  gapStart: "From",
  gapEnd: "Until",
  timeZone: "All times are Finnish time (Europe/Helsinki).",
};

const fi: Words = {
  locale: "fi-FI",
  ownName: "Suomi",
  language: "Kieli",
  title: "Sähkönkulutus",
  skipToContent: "Siirry sisältöön",
  needsScript: "Sivu piirtää kuvaajat JavaScriptillä, joka on tässä selaimessa pois päältä.",
  loading: "Ladataan …",
  meteringPoint: "Käyttöpaikka",
  clockMark: ".",
  monthOfDate: "numeric",
  clock: (time) => `klo ${time}`,

  state: "Tilanne",
  everyHour: (until) => `Kaikki tunnit ovat tallessa ${until} saakka.`,
  hoursMissing: (count, countText) => (count === 1 ? "Yksi tunti puuttuu." : `${countText} tuntia puuttuu.`),
  storedUntil: (until) => `Tiedot ulottuvat ${until} saakka.`,
  noHoursSince: (until) => `Uusin tunti päättyy ${until}, eikä uudempia ole tullut.`,
  noHoursSinceNext: "Caruna+ ei ole julkaissut uudempia.",
  compared: (when) => `Verrattu Caruna+:n lukemiin ${when}.`,
  notComparedYet: "Ei vielä verrattu Caruna+:n lukemiin.",
  askedAgain: (when) => `Caruna+:sta kysytään uudestaan ${when}.`,
  lookingBack: (requests) => `Historiaa haetaan: jäljellä ${requests} kyselyä Caruna+:aan.`,
  syncFailed: (when) => `Viimeisin haku epäonnistui ${when}.`,
  attention: "Jokin kaipaa huomiotasi.",
  whatToDo: "Mitä tehdä:",
  justNow: "juuri äsken",
  loginFailed: {
    rejected: (when) => `Caruna+ hylkäsi salasanan ${when}.`,
    "person needed": (when) =>
      `Kirjautuminen tarvitsee sinua: Caruna+ pyysi ${when} jotakin, minkä vain ihminen voi tehdä.`,
    "not understood": (when) => `Caruna+:n vastausta kirjautumiseen ${when} ei ymmärretty.`,
    "no answer": (when) => `Caruna+ ei vastannut kirjautumiseen ${when}.`,
  },
  carunaSays: "Caruna+ ilmoitti",
  transcript: "Kirjautumisen tallenne",
  heldUntil: (when) => `Sitä ei yritetä uudestaan ennen kuin ${when}, jottei tunnus lukkiudu.`,
  heldForGood: "Sitä ei yritetä uudestaan, ennen kuin vaihdat sen tai ajat komennon ”login”.",
  noHoursYet: "Tunteja ei ole vielä.",
  noHoursNext:
    "Ensimmäiset tulevat seuraavassa haussa. Caruna+ julkaisee päivän tunnit seuraavana aamuna tai myöhemmin. Jos niitä ei tule, aja komento ”doctor”.",
  noPointsYet: "Käyttöpaikkoja ei vielä tunneta. Ensimmäinen haku löytää ne.",
  serverGone: "Ohjelma ei vastaa.",
  serverGoneNext: "Onko se käynnissä? Sivu yrittää itse uudestaan; sen tiedot ovat viimeksi haetut.",
  noAccess: "Ohjelma pyytää tunnistetta.",
  noAccessNext: "Lisää osoitteen loppuun ?token= ja asetuksen HTTP_TOKEN arvo.",
  answerFailed: "Ohjelma ei voinut vastata:",

  consumption: "Kulutus",
  resolution: "Tarkkuus",
  by: { hour: "Tunnit", day: "Päivät", month: "Kuukaudet", year: "Vuodet" },
  previous: { hour: "Edellinen päivä", day: "Edellinen kuukausi", month: "Edellinen vuosi", year: "Aiemmat vuodet" },
  next: { hour: "Seuraava päivä", day: "Seuraava kuukausi", month: "Seuraava vuosi", year: "Myöhemmät vuodet" },
  newest: "Uusin",
  goToDay: "Siirry päivään",
  measure: "Näytä",
  energy: "Energia",
  cost: "Kustannus",
  costInFull: "Siirto veroineen",
  production: "Tuotanto",
  temperature: "Lämpötila",
  meanTemperature: "Keskilämpötila",
  allYears: "Kaikki vuodet",
  day: "Päiväsähkö",
  night: "Yösähkö",
  winterDay: "Talvipäivä",
  otherTime: "Muu aika",
  noSplit: "Erittelemätön",
  total: "Yhteensä",
  noHoursInPeriod: "Tältä ajalta ei ole tunteja.",
  hoursOf: (hours, expected) => `${hours} / ${expected}`,
  partsOfHours: "tuntia tallessa",
  asTable: "Sama taulukkona",
  period: "Aika",
  hours: "Tunteja",
  downloadPeriod: "Lataa tämä aika (CSV)",
  downloadAll: "Lataa kaikki (CSV)",
  chartHint: "Valitse pylväs, niin näet sen tarkemmin.",
  chartHintFinger: "Ensimmäinen kosketus kertoo luvut, toinen vie tarkempaan kuvaan.",

  yearByYear: "Vuosien vertailu",
  yearsHint: "Valitse vuosi yltä, niin sen viiva korostuu.",
  month: "Kuukausi",
  moreThan: (months, kwh, percent, year) => `${months}: ${kwh}, ${percent} enemmän kuin vuonna ${year}.`,
  lessThan: (months, kwh, percent, year) => `${months}: ${kwh}, ${percent} vähemmän kuin vuonna ${year}.`,
  asMuchAs: (months, kwh, year) => `${months}: ${kwh}, saman verran kuin vuonna ${year}.`,
  wholeYear: "Koko vuosi",

  calendar: "Ovatko kaikki tunnit tallessa?",
  calendarHint: "Valitse päivä, niin näet sen tunnit. Nuolinäppäimillä siirryt päivästä toiseen.",
  previousYear: "Edellinen vuosi",
  nextYear: "Seuraava vuosi",
  dayStates: {
    verified: "Varmistettu: kaikki tunnit, Caruna+:sta tarkistettu",
    complete: "Kaikki tunnit",
    partial: "Osa tunneista puuttuu",
    missing: "Kaikki tunnit puuttuvat",
    future: "Vasta tulossa",
    before: "Ennen ensimmäistä tuntia",
  },
  daysComplete: (complete, days, verified) =>
    `Päiviä, joiden kaikki tunnit ovat tallessa: ${complete} / ${days}. Niistä varmistettu: ${verified}.`,

  details: "Tarkemmin",
  sync: "Haku Caruna+:sta",
  lastSync: "Viimeisin haku",
  syncWell: "onnistui",
  syncNotWell: "epäonnistui",
  noSyncYet: "Ei vielä ohjelman käynnistyksen jälkeen",
  nextSync: "Seuraava haku",
  guard: "Salasana",
  guardOpen: "Käytössä",
  unknown: "Ei tiedossa",
  lookBack: "Historia",
  lookBackDone: "Haettu",
  product: "Siirtotuote",
  fuse: "Pääsulake",
  gsrn: "Käyttöpaikka\u00adtunnus (GSRN)",
  id: "Tunnus Caruna+:ssa",
  firstHour: "Ensimmäinen tunti",
  newestHour: "Uusin tunti",
  storedHours: "Tunteja tallessa",
  missingHours: "Tunteja puuttuu",
  none: "Ei yhtään",
  verified: "Täsmännyt Caruna+:n kanssa",
  nextAsk: "Seuraava kysely",
  nothingDue: "Mitään ei ole kysyttävänä",
  followed: "Taulu energy_hourly",
  followedYes: "Tästä käyttöpaikasta",
  followedNo: "Ei tästä käyttöpaikasta",
  gapList: "Puuttuvat tunnit",
  gapStart: "Alku",
  gapEnd: "Loppu",
  timeZone: "Kaikki ajat ovat Suomen aikaa (Europe/Helsinki).",
};

const sv: Words = {
  locale: "sv-FI",
  ownName: "Svenska",
  language: "Språk",
  title: "Elförbrukning",
  skipToContent: "Gå till innehållet",
  needsScript: "Sidan ritar sina diagram med JavaScript, som är avstängt i den här webbläsaren.",
  loading: "Laddar …",
  meteringPoint: "Driftsställe",
  clockMark: ".",
  monthOfDate: "numeric",
  clock: (time) => `kl. ${time}`,

  state: "Läget",
  everyHour: (until) => `Alla timmar finns, fram till ${until}.`,
  hoursMissing: (count, countText) => (count === 1 ? "En timme saknas." : `${countText} timmar saknas.`),
  storedUntil: (until) => `Uppgifterna sträcker sig till ${until}.`,
  noHoursSince: (until) => `Inga nya timmar har kommit sedan ${until}.`,
  noHoursSinceNext: "Caruna+ har inte publicerat nyare.",
  compared: (when) => `Jämfört med Caruna+ ${when}.`,
  notComparedYet: "Ännu inte jämfört med Caruna+.",
  askedAgain: (when) => `Caruna+ tillfrågas igen ${when}.`,
  lookingBack: (requests) => `Historiken hämtas: ${requests} frågor till Caruna+ återstår.`,
  syncFailed: (when) => `Den senaste hämtningen misslyckades ${when}.`,
  attention: "Något kräver din uppmärksamhet.",
  whatToDo: "Att göra:",
  justNow: "alldeles nyss",
  loginFailed: {
    rejected: (when) => `Caruna+ avvisade lösenordet ${when}.`,
    "person needed": (when) => `Inloggningen behöver dig: Caruna+ bad ${when} om något som bara en människa kan göra.`,
    "not understood": (when) => `Caruna+:s svar på inloggningen ${when} kunde inte tolkas.`,
    "no answer": (when) => `Caruna+ svarade inte på inloggningen ${when}.`,
  },
  carunaSays: "Caruna+ meddelade",
  transcript: "Protokoll över inloggningen",
  heldUntil: (when) => `Det prövas inte igen före ${when}, så att kontot inte låses.`,
  heldForGood: "Det prövas inte igen förrän du byter det eller kör kommandot ”login”.",
  noHoursYet: "Det finns inga timmar ännu.",
  noHoursNext:
    "De första kommer med nästa hämtning. Caruna+ publicerar dygnets timmar följande morgon eller senare. Om inga kommer, kör kommandot ”doctor”.",
  noPointsYet: "Inget driftsställe är känt ännu. Den första hämtningen hittar dina.",
  serverGone: "Programmet svarar inte.",
  serverGoneNext: "Är det i gång? Sidan försöker själv igen; det som visas är som det senast var.",
  noAccess: "Programmet vill ha sin nyckel.",
  noAccessNext: "Öppna adressen med ?token= och värdet av HTTP_TOKEN i slutet.",
  answerFailed: "Programmet kunde inte svara:",

  consumption: "Förbrukning",
  resolution: "Visa per",
  by: { hour: "Timmar", day: "Dagar", month: "Månader", year: "År" },
  previous: { hour: "Föregående dag", day: "Föregående månad", month: "Föregående år", year: "Tidigare år" },
  next: { hour: "Nästa dag", day: "Nästa månad", month: "Nästa år", year: "Senare år" },
  newest: "Senaste",
  goToDay: "Gå till",
  measure: "Visa",
  energy: "Energi",
  cost: "Kostnad",
  costInFull: "Överföring med skatter",
  production: "Produktion",
  temperature: "Temperatur",
  meanTemperature: "Medeltemperatur",
  allYears: "Alla år",
  day: "Dag",
  night: "Natt",
  winterDay: "Vinterdag",
  otherTime: "Övrig tid",
  noSplit: "Ospecificerad",
  total: "Totalt",
  noHoursInPeriod: "Det finns inga timmar för den här tiden.",
  hoursOf: (hours, expected) => `${hours} av ${expected}`,
  partsOfHours: "timmar finns",
  asTable: "Samma som tabell",
  period: "Tid",
  hours: "Timmar",
  downloadPeriod: "Ladda ner den här tiden (CSV)",
  downloadAll: "Ladda ner allt (CSV)",
  chartHint: "Välj en stapel för att se närmare.",
  chartHintFinger: "Den första tryckningen visar siffrorna, den andra går närmare.",

  yearByYear: "År mot år",
  yearsHint: "Välj ett år ovan för att framhäva dess linje.",
  month: "Månad",
  moreThan: (months, kwh, percent, year) => `${months}: ${kwh}, ${percent} mer än ${year}.`,
  lessThan: (months, kwh, percent, year) => `${months}: ${kwh}, ${percent} mindre än ${year}.`,
  asMuchAs: (months, kwh, year) => `${months}: ${kwh}, lika mycket som ${year}.`,
  wholeYear: "Hela året",

  calendar: "Finns alla timmar?",
  calendarHint: "Välj en dag för att se dess timmar. Med piltangenterna rör du dig från dag till dag.",
  previousYear: "Föregående år",
  nextYear: "Nästa år",
  dayStates: {
    verified: "Bekräftad: alla timmar, kontrollerade mot Caruna+",
    complete: "Alla timmar",
    partial: "En del timmar saknas",
    missing: "Alla timmar saknas",
    future: "Kommer ännu",
    before: "Före den första timmen",
  },
  daysComplete: (complete, days, verified) =>
    `${complete} av ${days} dagar har alla sina timmar; ${verified} av dem är bekräftade.`,

  details: "Närmare uppgifter",
  sync: "Hämtning från Caruna+",
  lastSync: "Senaste hämtning",
  syncWell: "lyckades",
  syncNotWell: "misslyckades",
  noSyncYet: "Ingen sedan programmet startades",
  nextSync: "Nästa hämtning",
  guard: "Lösenord",
  guardOpen: "I bruk",
  unknown: "Inte känt",
  lookBack: "Historik",
  lookBackDone: "Hämtad",
  product: "Överförings\u00adprodukt",
  fuse: "Huvudsäkring",
  gsrn: "Nummer på fakturan (GSRN)",
  id: "Nummer i Caruna+",
  firstHour: "Första timmen",
  newestHour: "Senaste timmen",
  storedHours: "Lagrade timmar",
  missingHours: "Timmar som saknas",
  none: "Inga",
  verified: "Stämde med Caruna+",
  nextAsk: "Nästa förfrågan",
  nothingDue: "Inget att fråga",
  followed: "Tabellen energy_hourly",
  followedYes: "Av detta driftsställe",
  followedNo: "Inte av detta driftsställe",
  gapList: "Timmarna som saknas",
  gapStart: "Från",
  gapEnd: "Till",
  timeZone: "Alla klockslag är finsk tid (Europe/Helsinki).",
};

const WORDS: Readonly<Record<Language, Words>> = { en, fi, sv };

export function wordsOf(language: Language): Words {
  return WORDS[language];
}

export function isLanguage(text: string): text is Language {
  return LANGUAGES.some((language) => language === text);
}

/**
 * The language of the page for a browser's `Accept-Language`: the one it likes best of those that the page speaks, English
 * where it likes none of them.
 */
export function languageFrom(acceptLanguage: string | undefined): Language {
  const wishes = (acceptLanguage ?? "").split(",").map((wish, place) => {
    const [tag = "", ...parameters] = wish.trim().toLowerCase().split(";");
    const quality = parameters.map((parameter) => /^\s*q\s*=\s*([\d.]+)\s*$/.exec(parameter)?.[1]).find(Boolean);
    return { language: tag.trim().split("-")[0] ?? "", weight: Number(quality ?? 1), place };
  });
  const known = wishes.filter(({ language, weight }) => isLanguage(language) && weight > 0);
  known.sort((one, other) => other.weight - one.weight || one.place - other.place);
  const best = known[0]?.language ?? "";
  return isLanguage(best) ? best : LANGUAGES[0];
}
