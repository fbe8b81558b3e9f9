import { between, DONE, form, header, JUDGE, LOGIN, type Portal, page, raw, takes, wants } from "./portal.js";

const judged = (
  body: string,
  fields: Readonly<Record<string, string>> = { user: "USER", pass: "PASSWORD" },
  head = "",
): Portal["pages"] => ({ "/first": page(body, head), "/judge": takes(fields, DONE) });
const PASSWORD = '<label>Salasana <input type="password" name="pass"></label>';
const leads = (script: string, body = "<p>Siirrytään…</p>"): Portal["pages"] => ({
  "/first": page(`${body}<script>${script}</script>`),
  "/login": page(LOGIN),
  "/judge": JUDGE,
});

/** All sorts of pages, in no order: how fields are labelled, forms are sent, scripts go on, questions are put. */
export const VARIETY: readonly Portal[] = [
  {
    name: "labels in the cells of a table, names that say nothing",
    pages: judged(
      form(
        "/judge",
        '<table><tr><td>Haku</td><td><input name="f0" type="search"></td></tr></table><table><tr><td>Asiakasnumero</td><td><input name="f1"></td></tr><tr><td>Käyttäjätunnus</td><td><input name="f2"></td></tr><tr><td>Salasana</td><td><input type="password" name="f3"></td></tr></table><input type="submit" value="Kirjaudu">',
      ).replace(/<table><tr><td>Haku.*?<\/table>/, ""),
      { f2: "USER", f3: "PASSWORD", f1: "" },
    ),
  },
  {
    name: "labels by aria-labelledby",
    pages: judged(
      `<span id="l1">E-postadress</span><span id="l2">Lösenord</span>${form("/judge", '<input name="a" aria-labelledby="l1"><input type="password" name="b" aria-labelledby="l2"><button>Logga in</button>')}`,
      { a: "USER", b: "PASSWORD" },
    ),
  },
  {
    name: "registration is the first button of the login form",
    pages: judged(
      form(
        "/judge",
        `<button name="do" value="register">Luo tunnus</button><button name="do" value="passkey">Kirjaudu pääsyavaimella</button><label>Sähköposti <input name="user"></label>${PASSWORD}<button name="do" value="login">Kirjaudu sisään</button>`,
      ),
      { user: "USER", pass: "PASSWORD", do: "login" },
    ),
  },
  {
    name: "a button of type button that a script submits with",
    pages: judged(
      form(
        "/judge",
        `<label>Tunnus <input name="user"></label>${PASSWORD}<button type="button" name="x" onclick="document.forms['login'].submit()">Kirjaudu</button>`,
        'method="post" name="login"',
      ),
    ),
  },
  {
    name: "a link in place of a button",
    pages: judged(
      form(
        "/judge",
        `<input name="user" placeholder="User name"><input name="pass" type="password" placeholder="Password"><a href="javascript:document.login.submit()">Log in</a>`,
        'method="post" name="login"',
      ),
    ),
  },
  {
    name: "a picture as a button",
    pages: judged(
      form("/judge", `<input name="user" type="email">${PASSWORD}<input type="image" src="/go.png" alt="Kirjaudu">`),
    ),
  },
  {
    name: "a form that goes back to the address of its page",
    pages: {
      "/first": (request) =>
        request.method === "GET"
          ? page(
              form(
                "",
                `<input name="user" autocomplete="username">${PASSWORD}<input type="hidden" name="lines" value=" a&#10;b ">`,
              ),
            )
          : takes({ user: "USER", pass: "PASSWORD", lines: " a\r\nb " }, DONE),
    },
  },
  {
    name: "a button outside of its form, which stands in an open dialog",
    pages: judged(
      `<dialog open><h2>Kirjaudu</h2>${form("/judge", `<input name="user" type="email" aria-label="Sähköposti">${PASSWORD}`, 'method="post" id="f9"')}<button form="f9" name="go" value="1">Kirjaudu</button></dialog>`,
      { user: "USER", pass: "PASSWORD", go: "1" },
    ),
  },
  {
    name: "kind of customer and language chosen before",
    pages: judged(
      form(
        "/judge",
        `<label><input type="radio" name="kind" value="private" checked> Yksityisasiakas</label><label><input type="radio" name="kind" value="company"> Yritysasiakas</label><select name="lang"><option value="sv">Svenska<option value="fi" selected>Suomi</select><label>Sähköposti <input name="user"></label>${PASSWORD}<button>Kirjaudu</button>`,
      ),
      { user: "USER", pass: "PASSWORD", kind: "private", lang: "fi" },
    ),
  },
  {
    name: "a password field that is of type text",
    pages: judged(
      form(
        "/judge",
        '<input name="user" autocomplete="username"><input type="text" name="pass" autocomplete="current-password" style="-webkit-text-security: disc"><button>OK</button>',
      ),
    ),
  },
  {
    name: "the password waits in a hidden panel for the user name",
    pages: {
      "/first": page(
        form(
          "/one",
          '<label>Sähköposti <input name="user" type="email"></label><div style="display:none"><input type="password" name="pass"></div><button>Seuraava</button>',
        ),
      ),
      "/one": wants(
        { user: "USER", pass: "" },
        page(
          form(
            "/judge",
            `<input type="hidden" name="user" value="aino@example.com">${PASSWORD}<button>Kirjaudu</button>`,
          ),
        ),
      ),
      "/judge": JUDGE,
    },
  },
  {
    name: "an Ajax answer brings the field for the password",
    pages: {
      "/first": page(
        `<div id="panel"><form id="f1" method="post" action="./p?1-1.-panel-f"><label>Sähköposti <input name="user"></label><button id="b1" name="next">Jatka</button></form></div><script>Wicket.Ajax.ajax({"u":"./one","m":"POST","c":"b1","f":"f1","sc":"next"});</script>`,
      ),
      "/one": wants(
        { user: "USER", next: "1" },
        `<ajax-response><component id="panel"><![CDATA[<div id="panel"><form id="f2" method="post" action="./p?1-1.-panel-f"><label>Salasana <input name="pass" type="password"></label><button id="b2" name="go">Kirjaudu</button></form></div>]]></component><evaluate><![CDATA[Wicket.Ajax.ajax({"u":"./judge","m":"POST","c":"b2","f":"f2","sc":"go"});]]></evaluate></ajax-response>`,
      ),
      "/judge": takes(
        { pass: "PASSWORD", go: "1" },
        raw("<ajax-response></ajax-response>", { "Ajax-Location": "done" }),
      ),
    },
  },
  {
    name: "Wicket submits by a link",
    pages: judged(
      `<form id="f1" method="post" action="./x?1-1.-f"><label>Käyttäjätunnus <input name="user"></label>${PASSWORD}<a id="link7" href="#">Kirjaudu</a></form><script>Wicket.Ajax.ajax({"u":"./judge","m":"POST","c":"link7","f":"f1","sc":"loginLink"});</script>`,
      { user: "USER", pass: "PASSWORD", loginLink: "1" },
    ),
  },
  {
    name: "a field that only its button and heading explain",
    pages: {
      "/first": page(`<h1>Kirjaudu</h1>${form("/one", '<input name="x1"><button>Kirjaudu</button>')}`),
      "/one": wants({ x1: "USER" }, page(form("/judge", `${PASSWORD}<button>Kirjaudu</button>`))),
      "/judge": takes({ pass: "PASSWORD" }, DONE),
    },
  },
  {
    name: "a notice that leads on with words of the login",
    pages: between(
      page(
        `<h1>Almost there</h1>${form("/n", '<button name="a" value="2">Continue login</button>')}<a href="/x">Log in again</a>`,
      ),
      { "/n": wants({ a: "2" }) },
    ),
  },
  {
    name: "a captcha before the password",
    posts: 0,
    ends: { error: "PersonNeeded", says: "captcha" },
    pages: {
      "/first": page(
        form(
          "/judge",
          `<input name="user" type="email">${PASSWORD}<div class="g-recaptcha" data-sitekey="k"></div><button>Kirjaudu</button>`,
        ),
      ),
    },
  },
  {
    name: "characters of a picture before the password",
    posts: 0,
    ends: { error: "PersonNeeded", says: "captcha" },
    pages: {
      "/first": page(
        form(
          "/judge",
          `<input name="user" type="email">${PASSWORD}<label>Kirjoita merkit kuvasta <input name="k"></label><button>Kirjaudu</button>`,
        ),
      ),
    },
  },
  {
    name: "the origin of the page goes along",
    pages: { "/first": page(LOGIN), "/judge": (request) => header("Origin", `http://${request.headers.host}`, JUDGE) },
  },
  { name: "location made of its own parts", pages: leads('location = location.origin + "/login"') },
  {
    name: "location by brackets, in a function that the body loads",
    pages: {
      "/first": page(
        '<script>function go(a) { window["location"]["href"] = dir + file; } var dir = "/", file = \'login\';</script><p>Hetki…</p>',
      ).replace("<body>", '<body onload="go(1)">'),
      "/login": page(LOGIN),
      "/judge": JUDGE,
    },
  },
  {
    name: "location when the window has loaded, beside a meta refresh for others",
    pages: leads(
      'window.onload = () => { self.location.assign("/lo" + "gin"); };',
      '<noscript><meta http-equiv="refresh" content="0;url=/nojs"></noscript><p>Hetki…</p>',
    ),
  },
  {
    name: "location after adding to a text",
    pages: leads('let url = "/login"; url += "?a=" + encodeURIComponent("b c"); top.location.href = url;'),
  },
  {
    name: "location by jQuery's ready, out of an object",
    pages: leads(
      '$(document).ready(function(){ var o = {"nextUrl": "\\/login", "n": 1}; document.location = o.nextUrl; });',
    ),
  },
  {
    name: "location on a condition, and a link",
    pages: leads(
      'if (window.top !== window.self) { window.top.location = "/framed"; }',
      '<p>Hei</p><a href="/login">Kirjaudu sisään</a>',
    ),
  },
  {
    name: "a script presses the button of the form",
    pages: {
      "/first": page(
        `${form("/next", '<input type="hidden" name="wa" value="wsignin1.0"><input type="submit" id="go" value="Continue">')}<script>window.setTimeout("document.forms[0].submit()", 0); document.getElementById("go").click();</script>`,
      ),
      "/next": wants({ wa: "wsignin1.0" }, page(LOGIN)),
      "/judge": JUDGE,
    },
  },
  {
    name: "several buttons in Swedish: allow or refuse",
    pages: between(
      page(
        `<h1>Caruna begär åtkomst</h1><p>Tjänsten vill läsa din profil.</p>${form("/ok", '<button name="svar" value="nej">Neka</button><button name="svar" value="ja">Tillåt</button>')}`,
      ),
      { "/ok": wants({ svar: "ja" }) },
    ),
  },
  {
    name: "a device to trust, with a box",
    never: ["luota"],
    pages: between(
      page(
        `<h1>Luotatko tähän laitteeseen?</h1>${form("/dev", '<label><input type="checkbox" name="luota"> Luota laitteeseen</label><button name="go">Jatka</button>')}`,
      ),
      { "/dev": wants({ go: "" }) },
    ),
  },
  {
    name: "a required box that is about a notice",
    pages: between(
      page(
        form(
          "/ok",
          '<p>Tiedote sähkökatkosta</p><label><input type="checkbox" name="luettu" value="1" required> Olen lukenut tiedotteen</label><button>Jatka</button>',
        ),
      ),
      { "/ok": wants({ luettu: "1" }) },
    ),
  },
  {
    name: "a survey in Swedish with a required answer, to be skipped",
    never: ["betyg"],
    pages: between(
      page(
        `<h1>Enkät</h1>${form("/e", '<label><input type="radio" name="betyg" value="1" required> 1</label><label><input type="radio" name="betyg" value="2"> 2</label><button>Skicka</button>')}<a href="/done">Hoppa över</a>`,
      ),
      {},
    ),
  },
  {
    name: "data that lacks something required, to be skipped by a button of the same form",
    never: ["katu"],
    pages: between(
      page(
        `<h1>Tarkista tietosi</h1>${form("/t", '<input name="nimi" value="Aino"><input name="y" required><button name="tallenna">Tallenna</button><button name="ohita" formnovalidate>Ohita</button>')}`,
      ),
      { "/t": wants({ ohita: "" }) },
    ),
  },
  {
    name: "continue as the one who has logged in",
    pages: between(
      page(
        `<h1>Valitse tili</h1>${form("/as", '<button name="as" value="other">Käytä toista tiliä</button><button name="as" value="me">Jatka käyttäjänä aino@example.com</button>')}`,
      ),
      { "/as": wants({ as: "me" }) },
    ),
  },
  {
    name: "a form that posts itself, in a frame",
    pages: between(page('<h1>Hetki</h1><iframe name="content" src="/inner"></iframe>'), {
      "/inner": page(
        `${form("/back", '<input type="hidden" name="r" value="1">')}<script>document.forms[0].submit();</script>`,
      ),
      "/back": wants({ r: "1" }),
    }),
  },
  {
    name: "a Refresh header of three seconds, in quotes",
    pages: between(raw(page("<p>Tervetuloa"), { Refresh: "3;URL='/done'" }), {}),
  },
  {
    name: "cookies asked about on a page of their own, before the login",
    never: ["all"],
    pages: {
      "/first": page(
        `<h1>Evästeet</h1>${form("/c", '<button name="all">Hyväksy kaikki</button><button name="few">Vain välttämättömät</button>')}`,
      ),
      "/c": wants({ few: "" }, page(LOGIN)),
      "/judge": JUDGE,
    },
  },
  {
    name: "the page of the password names the user in a field that cannot be changed",
    pages: {
      "/first": page(form("/one", '<input type="email" name="email" placeholder="Email"><button>Next</button>')),
      "/one": wants(
        { email: "USER" },
        page(
          form(
            "/judge",
            '<input name="user" value="aino@example.com" readonly><input name="pass" type="password" placeholder="Password"><button>Log in</button>',
          ),
        ),
      ),
      "/judge": JUDGE,
    },
  },
  {
    name: "an answer of a single-page application that a script must render",
    posts: 0,
    ends: { error: "LoginChanged", says: "script" },
    pages: { "/first": page('<div id="root"></div><script type="module" src="/assets/index.js"></script>') },
  },
];
