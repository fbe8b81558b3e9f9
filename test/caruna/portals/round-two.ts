import { between, DONE, form, header, JUDGE, LOGIN, type Portal, page, raw, takes, wants } from "./portal.js";

/** Second round of portals by the same eyes: other pages of the products, and other traps on them. */

const XML = { "Content-Type": "text/xml" };

export const ROUND_TWO: readonly Portal[] = [
  {
    name: "Keycloak: the e-mail address is to be verified by a link",
    ends: { error: "PersonNeeded", says: "" },
    pages: between(
      page(
        `<h1>Email verification</h1><p class="instruction">You need to verify your email address to activate your account.</p><p>An email with instructions to verify your email address has been sent to your address a***@example.com.</p><p>Haven't received a verification code in your email? <a href="/resend">Click here</a> to re-send the email.</p>`,
      ),
      { "/resend": page("<p>sent</p>") },
    ),
  },
  {
    name: "Keycloak: the page has expired, and both links lead on",
    pages: {
      "/first": page(
        `<h1 id="kc-page-title">Page has expired</h1><p id="instruction1">To restart the login process <a id="loginRestartLink" href="/again">Click here</a> .<br>To continue the login process <a id="loginContinueLink" href="/again">Click here</a> .</p>`,
      ),
      "/again": page(LOGIN),
      "/judge": JUDGE,
    },
  },
  {
    name: "WSO2 IS 7: something went wrong after the password, and that is no rejection",
    ends: { error: "LoginChanged", says: "" },
    pages: between(
      page(
        `<div class="ui negative message"><h3>Something went wrong!</h3><p>Something went wrong during the authentication process. Please try signing in again.</p></div>`,
      ),
      {},
    ),
  },
  {
    name: "Auth0: a code was sent by e-mail",
    ends: { error: "SecondFactorRequired", says: "" },
    pages: between(
      page(
        `<h1>Verify Your Identity</h1><p>We've sent an email with your code to ai***@example.com</p><form method="post"><input type="hidden" name="state" value="s"><label for="code">Enter the code*</label><input id="code" name="code" inputmode="numeric" autocomplete="off" required><label><input type="checkbox" name="rememberBrowser" value="true"> Remember this device for 30 days</label><button type="submit" name="action" value="default">Continue</button><button type="submit" name="action" value="resend-code" formnovalidate>Resend</button></form>`,
      ),
      {},
    ),
  },
  {
    name: "PingFederate: the password expires in some days, and may be changed later",
    never: ["pf.rememberUsername"],
    pages: {
      "/first": page(
        `<h1>Sign On</h1><form method="POST" action="/as/x/resume/as/authorization.ping" autocomplete="off"><label for="username">Username</label><input id="username" type="text" size="36" name="pf.username" value="" autocorrect="off" autocapitalize="off"><label for="password">Password</label><input id="password" type="password" name="pf.pass"><label><input id="rememberUsername" type="checkbox" name="pf.rememberUsername"> Remember my username</label><button type="submit" name="pf.ok" value="clicked" title="Sign On">Sign On</button><input type="hidden" name="pf.adapterId" value="F"><a href="/ext/pwdchange/Identify">Change Password?</a></form>`,
      ),
      "/as/x/resume/as/authorization.ping": takes(
        { "pf.username": "USER", "pf.pass": "PASSWORD", "pf.ok": "clicked", "pf.adapterId": "F" },
        page(
          `<h1>Password Expiring</h1><p>Your password is about to expire in 5 day(s). Would you like to change it now?</p>${form("/notice", '<button type="submit" name="pf.notificationContinue" value="change">Change password</button><button type="submit" name="pf.notificationContinue" value="later">Remind me later</button>')}`,
        ),
      ),
      "/notice": wants({ "pf.notificationContinue": "later" }),
    },
  },
  {
    name: "ForgeRock: whether to trust the device is a list whose answer is no already",
    pages: between(
      page(
        `<h1>Trust this device?</h1>${form("/callbacks", '<label for="c">Save as a trusted device</label><select id="c" name="callback_0"><option value="0">Yes</option><option value="1" selected>No</option></select><input type="hidden" name="authId" value="eyJ"><input type="submit" name="callback_1" value="Next">')}`,
      ),
      { "/callbacks": wants({ callback_0: "1", authId: "eyJ", callback_1: "Next" }) },
    ),
  },
  {
    name: "Wicket 10: a link sends the form, no Ajax; a message area that is empty",
    pages: {
      "/first": "→/portal/login?0",
      "/portal/login": (request) =>
        request.method === "POST"
          ? takes({ "mail:field": "USER", "secret:field": "PASSWORD", id1_hf_0: "" }, DONE)
          : page(
              `<div class="feedbackPanel" id="fb"></div><form id="id1" method="post" action="./login?0-1.-login-form" enctype="multipart/form-data"><input type="hidden" name="id1_hf_0" id="id1_hf_0"/><div><span>Sähköpostiosoite</span><input type="text" name="mail:field" value=""/></div><div><span>Salasana</span><input type="password" name="secret:field" value=""/></div><a href="#" id="id2" class="btn">Kirjaudu</a></form>
        <script nonce="q">Wicket.Event.add('id2', 'click', function(event) { var f = document.getElementById('id1'); f.id1_hf_0.name = ''; f.requestSubmit(); event.preventDefault(); });</script>`,
            ),
    },
  },
  {
    name: "Wicket 9: a timer's call and a call on change stand before the button's",
    pages: {
      "/first": "→/portal/login?1",
      "/portal/login": (request) =>
        request.address.includes("-auth-form-send")
          ? takes(
              { user: "USER", pwd: "PASSWORD", tz: "2", send: "1" },
              raw(
                "<?xml version='1.0'?><ajax-response><evaluate><![CDATA[console.log('x');]]></evaluate><redirect><![CDATA[../after?x=1&y=2]]></redirect></ajax-response>",
                XML,
              ),
            )
          : page(
              `<form id="f1" method="post" action="./login?1-1.-auth-form"><label for="u2">Användarnamn</label><input id="u2" name="user"><label for="p3">Lösenord</label><input type="password" id="p3" name="pwd"><button id="b4" type="submit" name="send">Logga in</button></form><script>
        Wicket.Timer.set('t1', function(){Wicket.Ajax.ajax({"u":"./login?1-1.0-auth-poll","c":"f1"});}, 30000);
        Wicket.Ajax.ajax({"u":"./login?1-1.0-auth-form-user","m":"POST","c":"u2","e":"change"});
        Wicket.Ajax.ajax({'e':'click','c':'b4','m':'POST','ep':[{'name':'tz','value':'2'}],'u':'./login?1-1.1-auth-form-send','f':'f1','sc':'send'});</script>`,
            ),
      "/after": wants({ x: "1", y: "2" }),
    },
  },
  {
    name: "ways to log in in a list to choose from",
    pages: {
      "/first": page(
        `<h1>Kirjaudu</h1>${form("/way", '<label for="w">Tunnistautumistapa</label><select id="w" name="tapa"><option value="b">Pankkitunnukset</option><option value="m">Mobiilivarmenne</option><option value="s">Sähköposti ja salasana</option></select><button>Jatka</button>')}`,
      ),
      "/way": wants({ tapa: "s" }, page(LOGIN)),
      "/judge": JUDGE,
    },
  },
  {
    name: "the login is folded away below the other ways",
    pages: {
      "/first": page(
        `<a class="btn" href="/bank">Kirjaudu pankkitunnuksilla</a><details><summary>Kirjaudu sähköpostilla</summary>${LOGIN}</details>`,
      ),
      "/judge": JUDGE,
    },
  },
  {
    name: "a button opens the panel with the login, which aria-controls names",
    never: ["hetu"],
    pages: {
      "/first": page(
        `<button type="button" aria-expanded="false" aria-controls="mail-panel">Kirjaudu sähköpostilla ja salasanalla</button><button type="button" aria-expanded="false" aria-controls="bank-panel">Kirjaudu pankissa</button>
        <div id="bank-panel" style="display: none">${form("/bank", '<label>Henkilötunnus <input name="hetu"></label><button>Pankkiin</button>')}</div><div id="mail-panel" style="display: none">${LOGIN}</div>`,
      ),
      "/judge": JUDGE,
    },
  },
  {
    name: "a login in a frame, after which a script leads the whole window on",
    pages: {
      "/first": page('<iframe src="/inner/login.html" width="400" height="500" title="Login"></iframe>'),
      "/inner/login.html": page(
        form(
          "go",
          '<label>E-post <input name="m" type="email"></label><label>Lösenord <input name="l" type="password"></label><button>Logga in</button>',
          'method="post" target="_parent"',
        ),
      ),
      "/inner/go": takes(
        { m: "USER", l: "PASSWORD" },
        page(
          "<script>var c = { urls: { next: '/tail' } }; top.location.href = c.urls.next + '?' + ['a=1', 'b=2'].join('&');</script>",
        ),
      ),
      "/tail": wants({ a: "1", b: "2" }),
    },
  },
  {
    name: "a notice after the password that goes on by itself after eight seconds, a session that ends in an hour before",
    pages: {
      "/first": raw(page(LOGIN), { Refresh: "3600; url=/timeout" }),
      "/judge": takes({ user: "USER", pass: "PASSWORD" }, "→/notice"),
      "/notice": page(
        "<h1>Kiitos</h1><p>Sinut ohjataan palveluun hetken kuluttua.</p>",
        '<META HTTP-EQUIV=Refresh CONTENT="8;URL=/done">',
      ),
    },
  },
  {
    name: "Django: a token in the form and in a cookie, a next address, a front page with a GET form",
    pages: {
      "/first": page(
        form(
          "/login/",
          '<input type="hidden" name="next" value="/x/"><button>Kirjaudu sisään</button>',
          'method="get"',
        ),
      ),
      "/login/": (request) =>
        request.method === "GET"
          ? wants(
              { next: "/x/" },
              raw(
                page(
                  '<form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="long"><input type="hidden" name="next" value="/x/"><p><label for="id_username">Sähköposti:</label> <input type="text" name="username" autofocus maxlength="254" required id="id_username"></p><p><label for="id_password">Salasana:</label> <input type="password" name="password" required id="id_password"></p><input type="submit" value="Kirjaudu"></form>',
                ),
                { "Set-Cookie": "csrftoken=short; Path=/" },
              ),
            )
          : header(
              "x-csrftoken",
              "short",
              takes({ username: "USER", password: "PASSWORD", csrfmiddlewaretoken: "long", next: "/x/" }, DONE),
            ),
    },
  },
  {
    name: "a trap for robots named email, off the screen by a class; the fields have names that say nothing",
    pages: {
      "/first": page(
        `<form method="post" action="/judge"><div class="hp-wrap"><label for="email">E-mail</label><input id="email" name="email" type="email" autocomplete="off"></div><label for="x1">E-postadress</label><input id="x1" name="x1"><label for="x2">Lösenord</label><input id="x2" name="x2" type="password"><button>Logga in</button></form>`,
        "<style>.hp-wrap { position: absolute; left: -9999px; }</style>",
      ),
      "/judge": takes({ email: "", x1: "USER", x2: "PASSWORD" }, DONE),
    },
  },
  {
    name: "an optional PIN beside the password, terms that are required, offers that are not",
    never: ["offers"],
    pages: {
      "/first": page(
        form(
          "/judge",
          '<label for="u">Username</label><input id="u" name="user"><label for="p">Password</label><input id="p" name="pass" type="password"><label for="q">PIN (optional)</label><input id="q" name="pin" type="password"><label><input type="checkbox" name="terms" value="1" required> I accept the terms of use</label><label><input type="checkbox" name="offers" value="1"> Send me offers</label><button>Log in</button>',
        ),
      ),
      "/judge": takes({ user: "USER", pass: "PASSWORD", pin: "", terms: "1" }, DONE),
    },
  },
  {
    name: "several customers, one of them chosen already",
    pages: between(
      page(
        `<h1>Valitse asiakkuus</h1>${form("/customer", '<label><input type="radio" name="cust" value="1" checked> Aino Esimerkki</label><label><input type="radio" name="cust" value="2"> As Oy Esimerkki</label><button>Jatka</button>')}`,
      ),
      { "/customer": wants({ cust: "1" }) },
    ),
  },
  {
    name: "contact data to be confirmed, with an optional phone and news that are declined already",
    never: ["news"],
    pages: between(
      page(
        `<h1>Tarkista yhteystietosi</h1>${form("/data", '<label for="m">Sähköposti</label><input id="m" name="mail" type="email" value="aino@example.com"><label for="n">Nimi</label><input id="n" name="nimi" value="Aino"><label for="t">Puhelin (vapaaehtoinen)</label><input id="t" name="puhelin" value=""><label><input type="checkbox" name="news"> Haluan uutiskirjeen</label><button name="save" value="1">Tiedot ovat oikein</button>')}`,
      ),
      { "/data": wants({ mail: "aino@example.com", nimi: "Aino", puhelin: "" }) },
    ),
  },
  {
    name: "SAML from a body's handler by id, then a Refresh header without an address until it is ready",
    pages: {
      "/first": page(LOGIN),
      "/judge": takes(
        { user: "USER", pass: "PASSWORD" },
        `<html><body onload="document.getElementById('saml').submit()"><noscript><p>Press the button once.</p></noscript><form id="saml" action="/acs" method="post"><input type="hidden" name="RelayState" value="r&#43;1"><input type="hidden" name="SAMLResponse" value="PHg+"><noscript><input type="submit" value="Continue"></noscript></form></body></html>`,
      ),
      "/acs": wants({ RelayState: "r+1", SAMLResponse: "PHg+" }, "→/ready"),
      "/ready": (() => {
        let times = 0;
        return () => (++times > 2 ? DONE : raw(page("<p>Please wait…</p>"), { Refresh: "2" }));
      })(),
    },
  },
  {
    name: "ways in Swedish as links of a menu, BankID first, then a GET to a page with the user name first",
    pages: {
      "/first": page(
        `<nav><a href="/hjalp">Hjälp</a><a href="/en">In English</a></nav><ul><li><a href="/bankid">Logga in med BankID</a></li><li><a href="/freja">Logga in med Freja eID</a></li><li><a href="/epost">Logga in med e-post</a></li></ul><a href="/glomt">Glömt lösenord för e-post?</a>`,
      ),
      "/epost": page(
        form("/steg", '<label>E-postadress <input name="e" type="email" required></label><button>Nästa</button>'),
      ),
      "/steg": wants(
        { e: "USER" },
        page(
          form(
            "/klar",
            '<input type="hidden" name="e" value="aino@example.com"><label>Lösenord <input name="l" type="password" required></label><button>Logga in</button>',
          ),
        ),
      ),
      "/klar": takes({ e: "USER", l: "PASSWORD" }, DONE),
    },
  },
  {
    name: "the kind of user name is a radio of the login itself",
    pages: {
      "/first": page(
        form(
          "/judge",
          '<label><input type="radio" name="kind" value="cn" checked> Asiakasnumero</label><label><input type="radio" name="kind" value="em"> Sähköposti</label><label for="u">Tunnus</label><input id="u" name="user"><label for="p">Salasana</label><input id="p" type="password" name="pass"><button>Kirjaudu</button>',
        ),
      ),
      "/judge": takes({ user: "USER", pass: "PASSWORD", kind: "em" }, DONE),
    },
  },
  {
    name: "consent to what is optional stands beside what is required: a button for the required alone",
    never: ["analytics"],
    pages: between(
      page(
        `<h1>Suostumukset</h1><p>Palvelun käyttö edellyttää ehtojen hyväksymistä.</p>${form("/c", '<label><input type="checkbox" name="ehdot" value="1" required> Hyväksyn käyttöehdot</label><label><input type="checkbox" name="analytics" value="1"> Sallin analytiikan</label><button name="b" value="all">Hyväksy kaikki</button><button name="b" value="some">Hyväksy valitut ja jatka</button>')}`,
      ),
      { "/c": wants({ ehdot: "1", b: "some" }) },
    ),
  },
  {
    name: "a page of the login that only a script builds says so, and no password is posted",
    posts: 0,
    ends: { error: "LoginChanged", says: "script" },
    pages: {
      "/first": page(
        '<div id="root"></div><noscript>You need to enable JavaScript to run this app.</noscript><script src="/static/js/main.js"></script>',
      ),
    },
  },
  {
    name: "JSON after the password that has an error of the server in it is no rejection",
    ends: { error: "LoginChanged", says: "" },
    pages: {
      "/first": page(LOGIN),
      "/judge": takes(
        { user: "USER", pass: "PASSWORD" },
        raw('{"status":"INCOMPLETE","errorCode":"ABA-60004","message":"Invalid request: state parameter is missing"}', {
          "Content-Type": "application/json",
        }),
      ),
    },
  },
];
