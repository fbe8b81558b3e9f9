import { CarunaUnreachable, CredentialsRejected, SecondFactorRequired } from "../errors.js";
import { maskedText } from "../masking.js";
import { credentialsForm, isTypedInto, roleOf } from "./forms.js";
import { changed, type Situation } from "./login-pages.js";
import type { Page } from "./page.js";
import { GOES_ON } from "./words.js";

/** The session was lost on the way (an `errorGenericPage`): nothing was judged, the login may begin again. */
export class LostSession extends Error {}

const ASKS_FOR_CODE =
  /vahvistuskoodi|kertakäyttö|tekstiviestikood|tunnusluku|one[- ]time (?:code|pass)|verification code|engångskod|verifieringskod/i;
const SPEAKS_OF_LOGIN =
  /salasana|tunnus|kirjaut|lukit|lukkiutu|password|user ?name|log ?in|locked|blocked|lösenord|användar|inlogg|spärrat|låst|huolto|maintenance/i;
const LOCKED = /lukittu|lukkiutu|lukkoon|locked|blocked|låst|spärrat/i;
const OUT_OF_ORDER =
  /huoltokatko|huoltotyö|huollon|tilapäisesti|häiriö|ei (?:ole )?käytettävissä|maintenance|temporarily|unavailable|driftstopp|underhåll/i;

/** What came of the password: throws where it was rejected, or only a person can go on. */
export function judge(situation: Situation): undefined {
  const { response, hop, page, passwordPage } = situation;
  if (passwordPage === undefined) return undefined;
  const feedback = page.feedback === passwordPage.feedback ? undefined : page.feedback;
  if (response.status === 401 && hop.carriesPassword === true)
    throw rejection(feedback ?? sentenceWith(SPEAKS_OF_LOGIN, page.text));
  const asksAgain =
    credentialsForm(page, situation) !== undefined ||
    page.forms.some(({ controls }) =>
      controls.some((control) => isTypedInto(control) && roleOf(control) === "password"),
    );
  const takesCode = page.forms.some(({ controls }) =>
    controls.some(
      (control) => isTypedInto(control) && (roleOf(control) === "code" || control.type === "password" || !asksAgain),
    ),
  );
  if (
    !asksAgain &&
    takesCode &&
    (ASKS_FOR_CODE.test(page.text) ||
      page.forms.some(({ controls }) => controls.some((control) => control.tokens.includes("one-time-code"))))
  )
    throw new SecondFactorRequired(words(feedback) ?? sentenceWith(ASKS_FOR_CODE, page.text));
  if (feedback !== undefined && (asksAgain || situation.answer !== undefined)) throw rejection(feedback);
  if (asksAgain) throw changed(situation, "a way on, or a reason");
  return undefined;
}

/**
 * What it means that the password is not taken, for the reason given. Trouble of the service is no rejection; an
 * account that is locked, if only for a while, is one: it would stay locked if we tried again soon.
 */
function rejection(reason: string | undefined): CredentialsRejected | CarunaUnreachable {
  const said = words(reason);
  if (said === undefined || LOCKED.test(said) || !OUT_OF_ORDER.test(said)) return new CredentialsRejected(said);
  return new CarunaUnreachable(`its login says "${said}"`);
}

/** Throws `CarunaUnreachable` where a page says that the service is out of order, and does not lead on. */
export function refuseMaintenance(page: Page, mayLeadOn = false): void {
  const text = `${page.title}. ${page.text}`;
  const buttons = page.forms.flatMap(({ controls }) => controls.map(({ label }) => label));
  if (mayLeadOn && [...page.links.map((link) => link.text), ...buttons].some((label) => GOES_ON.test(label))) return;
  if (OUT_OF_ORDER.test(text)) throw new CarunaUnreachable(`its login says "${sentenceWith(OUT_OF_ORDER, text)}"`);
}

function words(text: string | undefined): string | undefined {
  const masked = text === undefined ? "" : maskedText(text);
  return masked === "" ? undefined : masked;
}

function sentenceWith(pattern: RegExp, text: string): string | undefined {
  return words(text.split(/(?<=[.!?])\s/).find((sentence) => pattern.test(sentence)));
}
