import { between, DONE, either, form, JUDGE, LOGIN, type Portal, page, raw, takes, wants } from "./portal.js";

/** Pages before and after the password: choices, notices, questions, and the ways in which pages lead on. */

const BANNER =
  '<div id="cookie-banner"><form method="post" action="/cookies"><p>Käytämme evästeitä.</p><button name="all">Hyväksy kaikki</button><button name="few">Vain välttämättömät</button></form></div>';

export const PAGES_BETWEEN: readonly Portal[] = [
  {
    name: "several ways to log in, as links in Finnish",
    pages: {
      "/first": page(
        '<h1>Valitse tunnistautumistapa</h1><ul><li><a href="/suomifi">Suomi.fi-tunnistus</a></li><li><a href="/pankki">Pankkitunnuksilla</a></li><li><a href="/salasana">Sähköpostilla ja salasanalla</a></li><li><a href="/uusi">Luo tunnus</a></li></ul><a href="/ohjeet">Ohjeet</a>',
      ),
      "/salasana": page(LOGIN),
      "/judge": JUDGE,
    },
  },
  {
    name: "several ways to log in, as buttons of one form in Swedish",
    pages: {
      "/first": page(
        form(
          "/way",
          '<input type="hidden" name="s" value="1"><button name="sätt" value="bankid">BankID</button><button name="sätt" value="losen">Användarnamn och lösenord</button><button name="sätt" value="mobil">Mobilcertifikat</button>',
        ),
      ),
      "/way": wants({ sätt: "losen", s: "1" }, page(LOGIN)),
      "/judge": JUDGE,
    },
  },
  {
    name: "a front page that leads to the login",
    pages: {
      "/first": page(
        '<nav><a href="/">Etusivu</a><a href="/sv">På svenska</a><a href="/help">Help</a></nav><h1>Welcome</h1><a class="btn" href="/login">Log in</a><a href="/signup">Sign up</a><a href="/privacy">Privacy policy</a>',
      ),
      "/login": page(LOGIN),
      "/judge": JUDGE,
    },
  },
  {
    name: "a way to log in that a button's script leads to",
    pages: {
      "/first": page(
        '<button type="button" onclick="window.location.href=\'/bank\'">Verkkopankki</button><button type="button" onclick="window.location.href=\'/email\'">Käyttäjätunnuksella</button>',
      ),
      "/email": page(LOGIN),
      "/judge": JUDGE,
    },
  },
  {
    name: "news with a link on, among links to read",
    pages: between(
      page(
        '<h1>Uutta Caruna+:ssa</h1><p>Huoltokatko ensi viikolla.</p><a href="/tietosuoja">Tietosuojaseloste</a><a href="/ehdot">Käyttöehdot</a><a href="/done">Jatka palveluun</a>',
      ),
      {},
    ),
  },
  {
    name: "news that go on by themselves after five seconds",
    pages: between(
      page("<h1>Tiedote</h1><p>Siirrytään hetken kuluttua.</p>", '<meta http-equiv="refresh" content="5; url=/done">'),
      {},
    ),
  },
  {
    name: "a survey that may be skipped",
    never: ["arvosana"],
    pages: between(
      page(
        `<h1>Asiakaskysely</h1>${form("/kysely", '<label for="a">Arvosana</label><input type="number" id="a" name="arvosana" required><textarea name="palaute"></textarea><button name="laheta">Lähetä</button>')}<a href="/done">Ei kiitos, ohita</a>`,
      ),
      {},
    ),
  },
  {
    name: "whether to stay logged in: no",
    pages: between(
      page(
        `<h1>Pysytäänkö kirjautuneena?</h1>${form("/stay", '<button name="vastaus" value="kylla">Kyllä</button><button name="vastaus" value="ei">Ei</button>')}`,
      ),
      { "/stay": wants({ vastaus: "ei" }) },
    ),
  },
  {
    name: "marketing may be declined",
    pages: between(
      page(
        `<h1>Saammeko lähettää markkinointia?</h1>${form("/mark", '<button name="a" value="1">Hyväksyn</button><button name="a" value="0">En halua</button>')}`,
      ),
      { "/mark": wants({ a: "0" }) },
    ),
  },
  {
    name: "terms with a box that is required beside one that is not",
    never: ["uutiskirje", "profilointi"],
    pages: between(
      page(
        `<h1>Käyttöehdot ovat muuttuneet</h1>${form("/terms", '<label><input type="checkbox" name="ehdot" value="ok" required> Hyväksyn käyttöehdot</label><label><input type="checkbox" name="uutiskirje"> Tilaan uutiskirjeen</label><label><input type="checkbox" name="profilointi"> Tietojani saa käyttää</label><button name="jatka">Hyväksy ja jatka</button><button name="peru" formnovalidate>Peruuta</button>')}`,
      ),
      { "/terms": wants({ ehdot: "ok", jatka: "" }) },
    ),
  },
  {
    name: "terms whose box turns out to be required when the form comes back",
    never: ["uutiset"],
    pages: between(
      page(
        form(
          "/terms",
          '<input type="checkbox" id="e" name="ehdot"><label for="e">Olen lukenut käyttöehdot</label><input type="checkbox" id="n" name="uutiset"><label for="n">Haluan uutisia</label><button>Jatka</button>',
        ),
      ),
      {
        "/terms": either(
          "ehdot",
          DONE,
          page(
            `<p>Hyväksy ehdot jatkaaksesi.</p>${form("/terms", '<input type="checkbox" id="e" name="ehdot"><label for="e">Olen lukenut käyttöehdot</label><input type="checkbox" id="n" name="uutiset"><label for="n">Haluan uutisia</label><button>Jatka</button>')}`,
          ),
        ),
      },
    ),
  },
  {
    name: "a profile to confirm, unchanged",
    never: ["puhelinmarkkinointi"],
    pages: between(
      page(
        `<h1>Ovatko tietosi ajan tasalla?</h1>${form("/profile", '<label for="p">Puhelin</label><input id="p" name="puhelin" value="040 123"><label for="m">Sähköposti</label><input id="m" type="email" name="email" value="aino@example.com"><select name="kieli"><option value="sv">sv</option><option value="fi" selected>fi</option></select><label><input type="checkbox" name="puhelinmarkkinointi"> Saa soittaa</label><button name="ok" value="1">Tiedot ovat oikein</button>')}`,
      ),
      { "/profile": wants({ puhelin: "040 123", email: "aino@example.com", kieli: "fi", ok: "1" }) },
    ),
  },
  {
    name: "a profile that lacks something may be left for later",
    never: ["puhelin"],
    pages: between(
      page(
        `<h1>Lisää puhelinnumero</h1>${form("/profile", '<input name="puhelin" required><button name="save">Tallenna</button>')}${form("/later", '<button name="later">Muistuta myöhemmin</button>')}`,
      ),
      { "/later": wants({ later: "" }) },
    ),
  },
  {
    name: "the offer of a passkey, declined by a link",
    pages: between(
      page(
        `<h1>Ota pääsyavain käyttöön</h1>${form("/passkey", '<button name="create">Luo pääsyavain</button>')}<a href="/done">Ei nyt</a>`,
      ),
      {},
    ),
  },
  {
    name: "a cookie banner beside the login and beside a notice",
    never: ["all"],
    pages: {
      "/first": page(BANNER + LOGIN),
      "/judge": takes(
        { user: "USER", pass: "PASSWORD" },
        page(`${BANNER}<h1>Tiedote</h1>${form("/go", '<button name="jatka">Jatka</button>')}`),
      ),
      "/go": wants({ jatka: "" }),
    },
  },
  {
    name: "a Refresh header",
    pages: { "/first": raw("<p>…", { Refresh: "0; url=/login" }), "/login": page(LOGIN), "/judge": JUDGE },
  },
  {
    name: "a page that loads itself again until it is ready",
    pages: between("→/wait", {
      "/wait": (() => {
        let visits = 0;
        return () => (++visits < 3 ? page("<p>Odota hetki…</p>", '<meta http-equiv="refresh" content="2">') : "→/done");
      })(),
    }),
  },
  {
    name: "a page that leads to itself once, to see whether it may set a cookie",
    pages: {
      "/first": (request, response) => {
        if (request.headers.cookie?.includes("test=1") === true) return page(LOGIN);
        response.setHeader("Set-Cookie", "test=1; Path=/");
        return "→/first";
      },
      "/judge": JUDGE,
    },
  },
  {
    name: "a login in a frame",
    pages: {
      "/first": page(
        '<h1>Caruna</h1><iframe src="/hidden" style="display:none"></iframe><iframe src="/login" title="Kirjautuminen" width="400" height="500"></iframe>',
      ),
      "/login": page(LOGIN),
      "/judge": JUDGE,
    },
  },
  {
    name: "a set of frames",
    pages: {
      "/first":
        '<html><frameset rows="80,*"><frame name="top" src="/banner"><frame name="main" src="/login"></frameset></html>',
      "/login": page(LOGIN),
      "/judge": JUDGE,
    },
  },
  {
    name: "a script goes to an address made of literals and variables",
    pages: {
      "/first": page(
        '<script>var cfg = { base: "/auth", paths: { login: "login" } }; const id = "k" + 1;\n(function () { var to = cfg.base + "/" + cfg.paths.login + "?key=".concat(id) + "&next=" + encodeURIComponent("/a b"); setTimeout(function () { window.location.replace(to); }, 100); })();</script><p>Siirrytään…</p>',
      ),
      "/auth/login": (request) => (request.address === "/auth/login?key=k1&next=%2Fa%20b" ? page(LOGIN) : page("<p>?")),
      "/judge": JUDGE,
    },
  },
  {
    name: "a script that waits for a click, or for a quarter of an hour, goes nowhere",
    pages: between(
      page(
        '<script>function logout() { location.href = "/logout"; } document.getElementById("x").addEventListener("click", function () { location.href = "/help"; }); setTimeout(logout, 900000);</script><button id="x" type="button">?</button><a href="/done">Jatka</a>',
      ),
      {},
    ),
  },
  {
    name: "a script that submits the form of its page, and one that would submit another",
    pages: {
      "/first": page(
        `${form("/lang", '<input type="hidden" name="lang" value="sv">', 'method="post" id="lang"')}${form("/next", '<input type="hidden" name="a" value="b">', 'method="post" id="go"')}<script>function other() { document.getElementById("lang").submit(); } document.addEventListener("DOMContentLoaded", () => document.getElementById("go").submit());</script>`,
      ),
      "/next": wants({ a: "b" }, page(LOGIN)),
      "/judge": JUDGE,
    },
  },
  {
    name: "an answer in JSON that names the next address",
    pages: {
      "/first": page(LOGIN),
      "/judge": takes({ user: "USER", pass: "PASSWORD" }, raw('{"status":"ok","data":{"redirectUrl":"/done"}}')),
    },
  },
  {
    name: "the code in the fragment",
    pages: {
      "/first": page(LOGIN),
      "/judge": takes({ user: "USER", pass: "PASSWORD" }, "→/any/path#code=c&state=s&session_state=t"),
    },
  },
  {
    name: "the code in a form that posts itself",
    pages: {
      "/first": page(LOGIN),
      "/judge": takes(
        { user: "USER", pass: "PASSWORD" },
        page(
          `${form("/elsewhere", '<input type="hidden" name="code" value="c"><input type="hidden" name="state" value="s"><input type="hidden" name="session_state" value="t">')}<script>document.forms[0].submit()</script>`,
        ),
      ),
    },
  },
];
