/**
 * Words by which pages say what their fields, buttons and links are for: Finnish, Swedish, English, lower case.
 */

/** Buttons, links and forms that lead away from the login. */
export const LEADS_AWAY =
  /cancel|peruuta|peru\b|avbryt|forgot|unoh|glöm|recover|regist|rekister|\bluo |sign ?-?up|create|skapa|\bjoin\b|liity|log ?-?out|sign ?-?out|kirjaudu ulos|logga ut|\bback\b|takaisin|tillbaka|search|\bhaku|\bhae\b|\bsök|language|kieli|språk|newsletter|uutiskirje|nyhetsbrev|subscri|\btilaa\b|prenumerer|reset|palauta|återställ|re-?send|lähetä uudelleen|skicka (?:igen|på nytt)|delete|poista|ta bort|change password|vaihda (?:salasana|kieli)|contact|yhteyst|ota yhteyttä|kontakta|another account|toinen tili|toisella tilillä/i;
/** Links to something to read, and to the page in another language. */
export const ONLY_TO_READ =
  /help|ohje|\bapua\b|hjälp|tuki\b|support|faq|kysymyk|privacy|tietosuoja|integritet|dataskydd|terms|ehdo|ehto|villkor|saavutettav|accessib|tillgänglig|about|tietoa|cookie|eväste|kakor|in english|suomeksi|på svenska|^\s*(?:english|svenska|suomi|finnish|swedish|fi|sv|en)\s*$|read more|learn more|lue lisää|läs mer/i;
/** Ways to log in with something else than a password. */
export const OTHER_WAY_TO_LOG_IN =
  /pankki|\bbank|suomi\.fi|mobiilivarm|mobile ?id|mobil-?id|varmen[nt]e|certifi|google|facebook|apple\b|microsoft|github|linkedin|\bsso\b|single sign|freja|smart ?card|toimikort|passkey|pääsyavai|lösennyckel|nyckel|security key|turva-avai|webauthn|fingerprint|sormenjäl|\bqr\b|henkilöst|employee|staff|personal\b|work account|one-time|kertakäyttö|magic link|asiakasnumero|customer number|kundnummer/i;
export const LOG_IN_WITH_PASSWORD =
  /sähköposti|s-posti|käyttäjätunnu|käyttäjänim|salasana|tunnuksella|tunnuksilla|e-?mail|user ?name|user ?id|password|e-post|användarnamn|lösenord/i;
export const LOG_IN = /kirjaudu|log ?-?in|sign ?-?in|logga in|inloggning/i;

/** Buttons and links that lead on, in the order of preference after the password. */
export const SKIPS =
  /ohita|\be[in] nyt|myöhemmin|ei kiitos|skip|not now|later|no,? thank|hoppa över|inte nu|senare|nej,? tack|\bwithout\b|\bilman\b|\butan\b/i;
export const DECLINES =
  /^\s*(?:no|ei|nej)\b|declin|reject|hylkää|kieltäydy|\ben (?:hyväksy|halua|salli)|avvisa|\bneka|deny|(?:only|vain|endast|bara) (?:necessary|välttämät|nödvänd|required)|necessary only|välttämättömät/i;
export const GOES_ON =
  /jatka|eteenpäin|\bavaa\b|\bopen\b|öppna|siirry|selvä|\bok\b|continue|proceed|\bnext\b|seuraava|fortsätt|nästa|sulje|close|stäng|ymmärrän|understood|got it|valmis|\bdone\b|\bklar\b|\bhere\b|tästä|tänne|\bhär\b/i;
export const AGREES =
  /accept|agree|allow|approve|\byes\b|grant|consent|hyväksy|salli|kyllä|suostu|godkänn|tillåt|samtyck|^\s*ja\b|vahvista|confirm|bekräfta|\bsave\b|tallenna|spara|submit|lähetä|skicka|keep|pidä|correct|oikein|stämmer/i;

/** Headings of pages whose question may be answered with no. */
export const OPTIONAL_QUESTION =
  /signed in|logged in|kirjautuneena|inloggad|remember|muista|kom ihåg|marketing|markkino|marknads|newsletter|uutiskir|nyhetsbrev|offers|tarjou|erbjud|survey|kysely|enkät|feedback|palaut|notifi|ilmoituks|avisering|cookie|eväste|kakor|analytic|passkey|pääsyavai|nyckel|trust|luota|biometr/i;
/** Text of pages that do not continue without an agreement. */
export const NEEDS_AGREEMENT =
  /access|pääsy|terms|ehdot|ehto|villkor|grant|permission|oikeu|behörighet|åtkomst|suostumus|consent/i;
/** A box with this label may be needed to continue; all others are optional. */
export const TERMS = /terms|conditions|ehdot|ehtoja|villkor|privacy|tietosuoja|integritet/i;
export const MARKETING =
  /marketing|markkino|marknads|newsletter|uutiskir|nyhetsbrev|offer|tarjou|erbjud|uutisia|news\b|nyheter/i;

/** Labels and names of fields. */
export const USER_NAME =
  /sähköposti|sahkoposti|e-?mail|e-?post|käyttäjä|kayttaja|user|användar|kirjautumistunnu|identifier|login|logon|signinname/i;
/** So called where nothing says that it is something else. */
export const PERHAPS_USER_NAME = /tunnus|tunnist|account|konto/i;
export const PASSWORD = /salasana|salainen|passw|passwd|pwd|lösenord|losenord|passphrase|^\s*pass\s*$/i;
export const NEW_PASSWORD =
  /\bnew\b|new[-_ ]?pass|\buusi\b|uuden|\bnytt?\b|confirm|repeat|again|retype|re-?enter|toista|uudelleen|vahvista|upprepa|bekräfta|\bigen\b/i;
export const CODE =
  /vahvistuskoodi|kertakäyttö|tekstiviestikood|turvakoodi|tunnusluku|\bkoodi|one[- ]time|verification|security code|\bcode\b|\botp\b|\bpin\b|\btotp\b|engångs|verifiering|\bkod\b/i;
export const CAPTCHA = /captcha|robot|merkit kuvasta|characters (?:you see|in the)/i;
/** Fields of other forms. */
export const OTHER_FIELD =
  /henkilötunnu|hetu\b|personbeteckning|personnummer|social security|birth|syntymä|födelse|organi[sz]a|company|yritys|y-tunnus|business id|tenant|domain|asiakasnumero|customer number|kundnummer|website|homepage|\burl\b|phone|puhelin|fax/i;
