import { between, DONE, form, JUDGE, LOGIN, type Portal, page, raw, takes } from "./portal.js";

/** Pages on which a careless reader sends the wrong thing, or the right thing to the wrong place. */

const FIELDS =
  '<label for="u">Sähköposti</label><input id="u" name="user"><label for="p">Salasana</label><input id="p" type="password" name="pass">';

export const TRAPS: readonly Portal[] = [
  {
    name: "a form without a method",
    posts: 0,
    ends: { error: "LoginChanged", says: "put the password into the address" },
    pages: { "/first": page(form("/judge", `${FIELDS}<button>Kirjaudu</button>`, "")) },
  },
  {
    name: "a button that makes it a GET",
    posts: 0,
    ends: { error: "LoginChanged", says: "put the password into the address" },
    pages: { "/first": page(form("/judge", `${FIELDS}<button formmethod="get">Kirjaudu</button>`)) },
  },
  {
    name: "a Wicket call by GET",
    posts: 0,
    ends: { error: "LoginChanged", says: "put the password into the address" },
    pages: {
      "/first": page(
        `${form("/judge", `${FIELDS}<button id="b1">Kirjaudu</button>`)}<script>Wicket.Ajax.ajax({"u":"./judge?1-1.0-b","m":"GET","c":"b1"})</script>`,
      ),
    },
  },
  {
    name: "a form for a mail program",
    posts: 0,
    ends: { error: "LoginChanged", says: "mailto:" },
    pages: { "/first": page(form("mailto:x@example.com", `${FIELDS}<button>Kirjaudu</button>`)) },
  },
  {
    name: "a form to a host without encryption",
    posts: 0,
    ends: { error: "HostNotAllowed", says: "portal.example" },
    pages: { "/first": page(form("http://portal.example/judge", `${FIELDS}<button>Kirjaudu</button>`)) },
  },
  {
    name: "a form that a script intercepts and sends as JSON",
    posts: 0,
    ends: { error: "LoginChanged", says: "only a script of the page sends" },
    pages: {
      "/first": page(
        `${form("", `${FIELDS}<button>Kirjaudu</button>`).replace('action="" ', "")}<script>document.querySelector("form").addEventListener("submit", async (e) => { e.preventDefault(); await fetch("/api/login", { method: "POST", body: JSON.stringify({}) }); });</script>`,
      ),
    },
  },
  {
    name: "a password that a script enciphers",
    posts: 0,
    ends: { error: "LoginChanged", says: "only a script of the page fills in" },
    pages: {
      "/first": page(
        `${form("/judge", `${FIELDS}<input type="hidden" name="enc" value=""><button onclick="seal()">Kirjaudu</button>`)}<script>function seal() { document.forms[0].elements["enc"].value = rsaEncrypt(document.getElementById("p").value); }</script>`,
      ),
    },
  },
  {
    name: "fields in no form, which a script sends",
    posts: 0,
    ends: { error: "LoginChanged", says: "script" },
    pages: {
      "/first": page(
        `<div>${FIELDS}<button onclick="send()">Kirjaudu</button></div><script>function send(){fetch("/api/login",{method:"POST"})}</script>`,
      ),
    },
  },
  {
    name: "decoys: hidden in all the ways there are",
    pages: {
      "/first": page(
        form(
          "/judge",
          `<div class="hp"><input name="email" type="email"></div><input name="url" style="display: none"><input name="username2" aria-hidden="true"><div style="position:absolute; left:-5000px"><label>Sähköposti<input name="email_confirm"></label></div><input name="website" tabindex="-1"><input type="password" name="old" style="width:0;height:0"><div hidden><input name="fax" type="email"></div><input type="hidden" name="token" value="">${FIELDS}<button>Kirjaudu</button>`,
        ),
        "<style>body { margin: 0 } .hp, .other > p { opacity: 0; position: absolute }\n@media print { form { display: none } }</style>",
      ),
      "/judge": takes(
        {
          user: "USER",
          pass: "PASSWORD",
          email: "",
          url: "",
          username2: "",
          email_confirm: "",
          website: "",
          old: "",
          fax: "",
          token: "",
        },
        DONE,
      ),
    },
  },
  {
    name: "a newsletter, a search, a registration and a language form before the login",
    never: ["newsmail", "q", "newmail"],
    pages: {
      "/first": page(
        `${form("/search", '<input name="q" placeholder="Etsi käyttäjätunnuksella"><button>Hae</button>', 'method="get" role="search"')}${form("/news", '<label>Sähköposti<input type="email" name="newsmail"></label><button>Tilaa</button>')}<h2>Uusi asiakas?</h2>${form("/join", '<input type="email" name="newmail"><input type="password" name="newpass"><button>Rekisteröidy</button>')}${form("/lang", '<select name="lang"><option>fi</option></select><button>Vaihda kieli</button>')}${LOGIN}`,
      ),
      "/judge": JUDGE,
    },
  },
  {
    name: "boxes on the login form: none is ticked, one for marketing not even where it is",
    never: ["muista", "uutiskirje", "markkinointi"],
    pages: {
      "/first": page(
        form(
          "/judge",
          `${FIELDS}<label><input type="checkbox" name="muista"> Muista minut</label><label><input type="checkbox" name="uutiskirje" value="1"> Tilaa uutiskirje</label><label><input type="checkbox" name="markkinointi" checked> Haluan markkinointia</label><button>Kirjaudu</button>`,
        ),
      ),
      "/judge": JUDGE,
    },
  },
  {
    name: "a login with customer number beside the one with e-mail",
    never: ["asiakasnumero", "pin"],
    pages: {
      "/first": page(
        `<h2>Asiakasnumerolla</h2>${form("/number", '<label>Asiakasnumero<input name="asiakasnumero" required></label><label>PIN-koodi<input type="password" name="pin"></label><button>Kirjaudu</button>')}<h2>Sähköpostilla</h2>${LOGIN}`,
      ),
      "/judge": JUDGE,
    },
  },
  {
    name: "an optional field for a new password stays empty",
    pages: {
      "/first": page(
        form(
          "/judge",
          `${FIELDS}<label>Uusi salasana (jos haluat vaihtaa)<input type="password" name="uusi"></label><button>Kirjaudu</button>`,
        ),
      ),
      "/judge": takes({ user: "USER", pass: "PASSWORD", uusi: "" }, DONE),
    },
  },
  {
    name: "autocomplete decides before labels, labels before names",
    pages: {
      "/first": page(
        form(
          "/judge",
          '<label>Tunnus<input name="password" autocomplete="section-a username"></label><label>Sähköposti<input name="email" autocomplete="organization"></label><input type="password" name="user" aria-label="Salasana"><button>Kirjaudu</button>',
        ),
      ),
      "/judge": takes({ password: "USER", user: "PASSWORD", email: "" }, DONE),
    },
  },
  {
    name: "a form that needs an organisation is not sent without",
    posts: 0,
    ends: { error: "LoginChanged", says: "" },
    pages: {
      "/first": page(
        form("/judge", `<label>Yritys<input name="org" required></label>${FIELDS}<button>Kirjaudu</button>`),
      ),
    },
  },
  {
    name: "two empty twins and a field without a name",
    pages: {
      "/first": page(
        form(
          "/judge",
          '<label for="n">Sähköposti</label><input id="n"><input type="hidden" name="user" value=""><label for="s">Salasana</label><input type="password" id="s"><input type="hidden" name="pass" value=""><input type="hidden" name="other" value=""><button>Kirjaudu</button>',
        ),
      ),
      "/judge": takes({ user: "USER", pass: "PASSWORD", other: "" }, DONE),
    },
  },
  {
    name: "a registration alone is no login",
    posts: 0,
    ends: { error: "LoginChanged", says: "" },
    pages: {
      "/first": page(
        `<h1>Luo tunnus</h1>${form("/join", '<label>Sähköposti<input type="email" name="email"></label><label>Salasana<input type="password" name="p1"></label><button>Luo tunnus</button>')}`,
      ),
    },
  },
  { name: "the login page with status 401", pages: { "/first": raw(page(LOGIN), {}, 401), "/judge": JUDGE } },
  {
    name: "a redirect that wants the password again",
    ends: { error: "LoginChanged", says: "another" },
    pages: { "/first": page(LOGIN), "/judge": raw("", { Location: "/again" }, 307) },
  },
  {
    name: "the login again, without a reason: nobody said that the password is wrong",
    ends: { error: "LoginChanged", says: "" },
    pages: { "/first": page(LOGIN), "/judge": page(LOGIN) },
  },
  {
    name: "the login again, with a notice that stood there before",
    ends: { error: "LoginChanged", says: "" },
    pages: {
      "/first": page(`<div class="alert">Uusi ulkoasu!</div>${LOGIN}`),
      "/judge": page(`<div class="alert">Uusi ulkoasu!</div>${LOGIN}`),
    },
  },
  {
    name: "links that lead away are all there is",
    ends: { error: "LoginChanged", says: "" },
    pages: between(
      page(
        '<h1>Hei</h1><a href="/logout">Kirjaudu ulos</a><a href="/en">In English</a><a href="/privacy">Tietosuoja</a><a href="/help">Ohje</a>',
      ),
      {},
    ),
  },
  {
    name: "a field for a code is never sent empty",
    ends: { error: "LoginChanged", says: "" },
    pages: between(page(form("/x", '<label>Vastaus<input name="answer"></label><button>Jatka</button>')), {}),
  },
  {
    name: "broken markup: a table in the form, quotes left out, tags left open",
    pages: {
      "/first":
        "<table><form method=post action=/judge><tr><td>Sähköposti:<td><input name=user><tr><td>Salasana:<td><input type=password name=pass><tr><td><b><input type=submit value=Kirjaudu></form></table><p><form action=/search><input name=q>",
      "/judge": JUDGE,
    },
  },
];
