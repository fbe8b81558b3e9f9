/**
 * The words that a transcript shows of a page's headings, buttons, links and labels; of all others it shows the length.
 * Words of login pages in Finnish, Swedish and English, none of them a name, an address or an amount. Lower case.
 */
const VOCABULARY = `
a about accept account again agree all allow and app approve are authentication authenticator back browser by cancel captcha change
check choose click close code company conditions confirm connect consent continue cookie cookies correct create customer
decline deny device do done e-mail email enter error expired failed for forgot forgotten from has help here home id identification if
in incorrect information invalid is it keep language later link log login logout maintenance mobile my name necessary new newsletter next
no not notice now number of ok on one-time only open or organisation organization other page password passkey personal phone pin please
policy press privacy proceed read recover redirected refresh register remember required reset robot save search security select send
sent server service session sign signed sign-in sign-up skip sms social state stay step submit survey temporarily terms thank thanks
that the this time to token too trust try unavailable update use user username using verification verify wait want we welcome with
without wrong yes you your

caruna plus caruna+ address street code asiakas asiakasnumero hei osoite kotiosoite katuosoite postinumero postitoimipaikka sopimus käyttöpaikka laite laitteeseen pin
aika aloita alusta avaa edellinen ehdot ehtoihin ehtojen eivät ei eteenpäin että evästeet evästeitä fi-tunnistus haku hae hallinta henkilö henkilöasiakas
huolto huoltokatko huollossa hyväksy hyväksyn häiriö ilmoitus istunto istuntosi ja jatka jatkaaksesi jokin jälkeen jäi kaikki katkaise kertakäyttökoodi
kieli kiitos kirjaudu kirjautuminen kirjautua kirjautumista koodi koodin kyllä käyttäjä käyttäjänimi käyttäjätunnus käyttäjätunnuksella käyttöehdot lisää
lukittu luo luota lähetä lähetetty lähetimme muista muuta muutokset myöhemmin mobiilivarmenne nimi nyt odota ohita ohje ohjeet oikein ole olet
oma palaa palvelu palveluihin palveluun palveluun pankkitunnuksilla peruuta pidä puhelin puhelinnumero pysy pääsyavain päivitä rekisteröidy
salasana salasanalla salasanan salli seuraava selain selvä siirry siirrytään sivu sulje suomi suostumus sähköposti sähköpostiosoite sähköpostilla syötä takaisin
tallenna tarkista tekstiviesti tervetuloa tiedot tiedote tiedotteet tietosuoja tili tunnistaudu tunnistautuminen tunnistus tunnus tunnuksella tunnuksilla
tunnussana turvakoodi tyhjä uudelleen uusi uutiskirje unohditko unohtuiko vahvista vahvistus vahvistuskoodi vaihda valitse vain vanhentunut varmenne
virhe virheellinen virheelliset voimassa väliaikaisesti väärin väärä välttämättömät yhteys yritys yritysasiakas yritä yksityisasiakas

acceptera alla användare användarnamn avbryt bekräfta bankid byt bara cookies dataskydd den det du e-post e-postadress eller enkät fel felaktigt fortsätt
fält glömt godkänn godkänner har hjälp hoppa här igen inloggad inloggning inte ja kakor klar kod kom kund konto kopiera logga lösenord med mobil mitt nej
nu nyhetsbrev nytt nästa nödvändiga och om organisation ogiltigt personuppgifter registrera samtycke senare service skapa skicka spara
språk spärrat stäng stanna sök tack tillbaka tillfälligt tillåt tjänst tjänsten uppdatera utan val verifiera verifieringskod vidare vill villkor vänta
välj välkommen ange är över
`;

const WORDS: ReadonlySet<string> = new Set(VOCABULARY.split(/\s+/));

/** A text in which every word that is not in the vocabulary is its length alone: "Hei, Maija" is "…3, …5". */
export function masked(text: string, longest = 80): string {
  return text
    .slice(0, 1000)
    .replace(/[^\s.,:;!?()"'*/|–]+/g, (word) => (WORDS.has(word.toLowerCase()) ? word : `…${word.length}`))
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, longest);
}
