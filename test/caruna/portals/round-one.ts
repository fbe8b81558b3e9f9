import { between, DONE, either, form, header, JUDGE, LOGIN, type Portal, page, raw, takes, wants } from "./portal.js";

/** First round of portals by somebody who had not read the engine: products in their own words, and traps on them. */

const BOTH =
  '<label for="u">Sähköpostiosoite</label><input id="u" name="user" type="email"><label for="p">Salasana</label><input id="p" type="password" name="pass">';
const CODE = "/openid-login-return?code=c&state=s&session_state=t";

export const ROUND_ONE: readonly Portal[] = [
  {
    name: "Keycloak 26: a form for passkeys before the one with the password",
    never: ["clientDataJSON", "rememberMe"],
    pages: {
      "/first": page(`<div class="pf-v5-c-login"><h1 id="kc-page-title">Kirjaudu tilillesi</h1>
        <form id="webauth" action="/realms/c/passkey" method="post"><input type="hidden" id="clientDataJSON" name="clientDataJSON"><input type="hidden" name="authenticatorData"><input type="hidden" name="signature"><input type="hidden" name="credentialId"><input type="hidden" name="userHandle"><input type="hidden" name="error"></form>
        <form id="kc-form-login" action="/realms/c/authenticate?session_code=x&amp;execution=y&amp;client_id=plus&amp;tab_id=z" method="post" novalidate="novalidate">
        <label for="username">Sähköposti</label><input id="username" name="username" value="" type="text" autocomplete="section-c username webauthn" autofocus aria-invalid="" dir="ltr">
        <label for="password">Salasana</label><div class="pf-v5-c-input-group"><input id="password" name="password" value="" type="password" autocomplete="section-c current-password" aria-invalid=""><button class="pf-v5-c-button" type="button" aria-label="Näytä salasana" data-password-toggle><i></i></button></div>
        <label for="rememberMe"><input type="checkbox" id="rememberMe" name="rememberMe"> Muista minut</label><a href="/realms/c/reset-credentials">Unohditko salasanasi?</a>
        <input type="hidden" id="id-hidden-input" name="credentialId"><button class="pf-v5-c-button" name="login" id="kc-login" type="submit">Kirjaudu sisään</button></form>
        <input id="authenticateWebAuthnButton" type="button" value="Kirjaudu pääsyavaimella"></div>
        <script type="module">import { authenticateByWebAuthn } from "/resources/js/webauthnAuthenticate.js"; document.getElementById("authenticateWebAuthnButton").addEventListener("click", () => authenticateByWebAuthn({}), {once: true});</script>`),
      "/realms/c/authenticate": takes({ username: "USER", password: "PASSWORD", credentialId: "", login: "" }, DONE),
    },
  },
  {
    name: "Keycloak: another way is chosen by buttons with explanations",
    pages: {
      "/first": page(
        `<h1>Select login method</h1>${form(
          "/choose",
          `<button type="submit" name="authenticationExecution" value="e1"><h2>Passkey</h2><span>Use your passkey to sign in.</span></button>
        <button type="submit" name="authenticationExecution" value="e2"><h2>Username and password</h2><span>Sign in by entering your username and password.</span></button>
        <button type="submit" name="authenticationExecution" value="e3"><h2>Recovery code</h2><span>Enter a recovery code from a list.</span></button>`,
          'id="kc-select-credential-form" method="post"',
        )}`,
      ),
      "/choose": wants({ authenticationExecution: "e2" }, page(LOGIN)),
      "/judge": JUDGE,
    },
  },
  {
    name: "Keycloak: an authenticator app is to be set up after the password",
    ends: { error: "SecondFactorRequired", says: "" },
    pages: between(
      page(`<h1>Mobile Authenticator Setup</h1><p>You need to set up Mobile Authenticator to activate your account.</p><ol><li>Open the application and scan the barcode:<br><img alt="Figure: Barcode" src="data:image/png;base64,AA"></li><li>Enter the one-time code provided by the application</li></ol>
        ${form("/totp", '<label for="totp">One-time code</label><input id="totp" name="totp" autocomplete="off"><input type="hidden" name="totpSecret" value="AB"><label for="userLabel">Device Name</label><input id="userLabel" name="userLabel"><input type="checkbox" name="logout-sessions" id="l" value="on" checked><label for="l">Sign out from other devices</label><input type="submit" value="Submit">')}`),
      {},
    ),
  },
  {
    name: "WSO2 IS 7: user name first below a base, with an organisation's way and a language form",
    never: ["chkRemember", "ui_locales"],
    pages: {
      "/first": page(
        `<div id="cookie-consent"><p>We use cookies. <a href="/privacy">Cookie policy</a></p><button type="button" onclick="agree()">Got it</button></div>
        <h3 class="ui header">Sign In</h3><div class="ui negative message" id="error-msg" hidden="hidden"></div>
        <form class="ui large form" action="commonauth" method="post" id="identifierForm" onsubmit="event.preventDefault()"><div class="field"><label>Email</label><div class="ui fluid left icon input"><input type="text" id="usernameUserInput" name="usernameUserInput" value="" placeholder="Enter your email" required><i aria-hidden="true" class="envelope fill icon"></i></div><input id="username" name="username" type="hidden" value=""></div>
        <input id="authType" name="authType" type="hidden" value="idf"><input type="hidden" name="sessionDataKey" value="sdk1"><div class="ui checkbox"><input type="checkbox" id="chkRemember" name="chkRemember"><label for="chkRemember">Remember me</label></div><button type="submit" class="ui primary fluid large button" role="button">Continue</button></form>
        <div class="ui horizontal divider">or</div><button class="ui basic button" type="button" onclick="handleNoDomain(this,'SSO','OrganizationAuthenticator')">Sign in with Organization Login</button>
        <form action="lang" method="get"><select name="ui_locales"><option value="en" selected>English</option><option value="fi">Suomi</option></select><noscript><button>Change</button></noscript></form>
        <script>$("#identifierForm").submit(function(e){ var u=document.getElementById("username"); u.value=document.getElementById("usernameUserInput").value.trim(); this.submit(); });</script>`,
        '<base href="/t/carbon.super/">',
      ),
      "/t/carbon.super/commonauth": either(
        "authType",
        wants({ username: "USER", sessionDataKey: "sdk1", authType: "idf" }, "→/authenticationendpoint/login.do"),
        takes({ username: "USER", password: "PASSWORD", sessionDataKey: "sdk1" }, "→/oauth2/authorize"),
      ),
      "/authenticationendpoint/login.do": page(`<h3>Welcome!</h3><span id="user-name-label">aino@example.com</span>
        <form action="../t/carbon.super/commonauth" method="post" id="loginForm"><input id="username" name="username" type="hidden" data-testid="login-page-username-input" value="aino@example.com"><div class="field"><input type="password" id="password" name="password" value="" autocomplete="off" placeholder="Password"></div><input type="hidden" name="sessionDataKey" value="sdk1"><button type="submit">Sign In</button></form>
        <a id="backToIdentifier" href="/first">Not you?</a>`),
      "/oauth2/authorize": DONE,
    },
  },
  {
    name: "WSO2 IS 7: consent with radios, where for this session is enough",
    pages: {
      "/first": page(LOGIN),
      "/judge": takes({ user: "USER", pass: "PASSWORD" }, "→/authenticationendpoint/oauth2_authz.do"),
      "/authenticationendpoint/oauth2_authz.do": page(`<h2>caruna-plus requests access to your profile</h2>
        <form action="/oauth2/authorize" method="post" id="profile" name="oauth2_authz"><div class="ui radio checkbox"><input type="radio" class="hidden" name="scope-approval" id="approveCb" value="approve"><label for="approveCb">Approve Once</label></div><div class="ui radio checkbox"><input type="radio" name="scope-approval" id="approveAlwaysCb" value="approveAlways"><label for="approveAlwaysCb">Approve Always</label></div>
        <input type="hidden" name="sessionDataKeyConsent" value="sdc"><input type="hidden" name="consent" id="consent" value="deny"><button class="ui large button" type="reset" onclick="deny(); return false;">Deny</button><button class="ui primary button" id="approve" type="button" onclick="approved(); return false;">Continue</button></form>
        <script>function approved(){ document.getElementById("consent").value="approve"; document.getElementById("profile").submit(); } function deny(){ document.getElementById("consent").value="deny"; document.getElementById("profile").submit(); }</script>`),
      "/oauth2/authorize": wants({ consent: "approve", sessionDataKeyConsent: "sdc", "scope-approval": "approve" }),
    },
  },
  {
    name: "Auth0: a passkey may be made after the password, or not",
    pages: between(
      page(`<h1>Create a passkey for Caruna on this device</h1><ul><li>No need to remember a password</li></ul>
        <form method="post" data-form-primary="true" data-no-prefetch><input type="hidden" name="state" value="st"><input type="hidden" name="passkey" id="passkey"><input type="hidden" name="action" value="register"><button type="submit" data-action-button-primary="true">Create a passkey</button></form>
        <form method="post" action="/skip"><input type="hidden" name="state" value="st"><button type="submit" name="action" value="abort-passkey-enrollment">Continue without passkeys</button></form>`),
      { "/skip": wants({ state: "st", action: "abort-passkey-enrollment" }) },
    ),
  },
  {
    name: "Auth0: an app asks for consent with values that only buttons tell apart",
    pages: between(
      page(`<header><h1>Authorize App</h1><p>Hi aino@example.com, Caruna+ is requesting access to your account.</p></header><ul><li>Profile: access to your profile and email</li></ul>
        <form method="post" action="/u/consent"><input type="hidden" name="state" value="s1"><input type="hidden" name="audience" value="api"><input type="hidden" name="scope[]" value="openid"><input type="hidden" name="scope[]" value="email"><button type="submit" name="action" value="deny">Decline</button><button type="submit" name="action" value="accept" data-action-button-primary="true">Accept</button></form>`),
      { "/u/consent": wants({ action: "accept", state: "s1", "scope[]": "email" }) },
    ),
  },
  {
    name: "PingFederate: the subject first, its button an anchor, then a user name that cannot be changed",
    pages: {
      "/first":
        page(`<h1>Sign On</h1><form method="POST" action="/idp/resume.ping" autocomplete="off"><div id="existingAccountsSelectionList"></div>
        <input type="text" placeholder="Username or email" name="subject" id="identifierInput" value="" autocomplete="off"><input type="hidden" name="clear.previous.selected.subject" id="clear" value=""><input type="hidden" name="cancel.identifier.selection" id="cancelFlag" value="false"><div class="ping-buttons"><a href="#" onclick="postIdentifierSelection(); return false;" class="ping-button normal allow" id="postButton" title="Next">Next</a><a href="#" onclick="cancelIdentifierSelection(); return false;" title="Cancel">Cancel</a></div></form>
        <script>function postIdentifierSelection(){ document.forms[0].submit(); } function cancelIdentifierSelection(){ document.getElementById("cancelFlag").value = true; document.forms[0].submit(); }</script>`),
      "/idp/resume.ping": either(
        "subject",
        wants(
          { subject: "USER", "cancel.identifier.selection": "false" },
          page(`<form method="POST" action="/idp/resume.ping"><div>Username</div><input id="username" type="text" name="pf.username" value="aino@example.com" disabled="disabled"><div>Password</div><input id="password" type="password" name="pf.pass" onkeypress="return postOnReturn(event)">
        <input type="hidden" name="pf.ok" value=""><input type="hidden" name="pf.cancel" value=""><input type="hidden" name="pf.adapterId" id="pf.adapterId" value="HTMLForm"><a onclick="postOk();" class="ping-button normal allow" title="Sign On">Sign On</a><a onclick="postCancel();" title="Cancel">Cancel</a></form>
        <script>function postOk(){ document.forms[0]["pf.ok"].value="clicked"; document.forms[0].submit(); } function postCancel(){ document.forms[0]["pf.cancel"].value="clicked"; document.forms[0].submit(); }</script>`),
        ),
        takes({ "pf.pass": "PASSWORD", "pf.adapterId": "HTMLForm", "pf.cancel": "" }, DONE),
      ),
    },
  },
  {
    name: "ForgeRock AM: the classic page, whose form is sent by a function",
    pages: {
      "/first":
        page(`<form name="Login" action="/openam/UI/Login" method="post"><label for="IDToken1">User Name:</label><input type="text" name="IDToken1" id="IDToken1" value=""><label for="IDToken2">Password:</label><input type="password" name="IDToken2" id="IDToken2" value="">
        <input name="Login.Submit" type="button" onclick="LoginSubmit('Log In'); return false;" class="button" value="Log In">
        <input type="hidden" name="IDButton" value=""><input type="hidden" name="goto" value="aHR0cHM6"><input type="hidden" name="gotoOnFail" value=""><input type="hidden" name="SunQueryParamsString" value="cmVhbG09Lw=="><input type="hidden" name="encoded" value="true"><input type="hidden" name="gx_charset" value="UTF-8"></form>
        <script>function LoginSubmit(value){ document.forms["Login"].IDButton.value = value; document.forms["Login"].submit(); }</script>`),
      "/openam/UI/Login": takes(
        { IDToken1: "USER", IDToken2: "PASSWORD", goto: "aHR0cHM6", gotoOnFail: "", gx_charset: "UTF-8" },
        DONE,
      ),
    },
  },
  {
    name: "Wicket 9 below /portal: scripts with a nonce, the form named, the next component brings the password",
    pages: {
      "/first": "→/portal/login?5",
      "/portal/login": (request) =>
        request.address.includes("login?5-1.0-")
          ? header(
              "wicket-ajax",
              "true",
              wants(
                { "idp:mail": "USER", "idp:next": "1" },
                raw(
                  `<?xml version="1.0" encoding="UTF-8"?><ajax-response><component id="idp4" ><![CDATA[<div id="idp4"><form id="pw6" method="post" action="./login?5-2.-idp-pw"><input type="hidden" name="pw6_hf_0" id="pw6_hf_0"><label for="pw7">Salasana</label><input id="pw7" type="password" name="pw:field" value=""><input type="checkbox" name="pw:keep" id="k8"><label for="k8">Pysy kirjautuneena</label><button id="go9" name="pw:go" type="submit">Kirjaudu</button></form></div>]]></component><evaluate><![CDATA[(function(){Wicket.Ajax.ajax({"u":"./login?5-2.0-idp-pw-go","m":"POST","c":"go9","f":"pw6","sc":"pw:go","e":"click"});})();]]></evaluate></ajax-response>`,
                  { "Content-Type": "text/xml" },
                ),
              ),
            )
          : request.address.includes("login?5-2.0-")
            ? takes(
                { "pw:field": "PASSWORD", "pw:go": "1" },
                raw('<?xml version="1.0" encoding="UTF-8"?><ajax-response></ajax-response>', {
                  "Content-Type": "text/xml",
                  "Ajax-Location": "./wicket/page?6",
                }),
              )
            : page(`<div id="idp4"><form id="m1" method="post" action="./login?5-1.-idp-form"><input type="hidden" name="m1_hf_0" id="m1_hf_0"><label for="m2">Sähköposti</label><input id="m2" type="email" name="idp:mail" value=""><button id="n3" name="idp:next" type="submit">Jatka</button></form></div>
        <script type="text/javascript" nonce="Zm9v">/*<![CDATA[*/ Wicket.Event.add(window, "domready", function(event) { Wicket.Ajax.baseUrl="login?5"; Wicket.Ajax.ajax({"u":"./login?5-1.0-idp-form-next","m":"POST","c":"n3","f":"m1","sc":"idp:next","e":"click"});;Wicket.Event.publish(Wicket.Event.Topic.AJAX_HANDLERS_BOUND);;}); /*]]>*/</script>`),
      "/portal/wicket/page": DONE,
    },
  },
  {
    name: "a login in a frame whose page is written into its attribute",
    pages: {
      "/first": page(
        `<h1>Caruna</h1><iframe title="Kirjautuminen" srcdoc="&lt;form method='post' action='judge'&gt;&lt;label&gt;Sähköposti &lt;input name='user'&gt;&lt;/label&gt;&lt;label&gt;Salasana &lt;input type='password' name='pass'&gt;&lt;/label&gt;&lt;button&gt;Kirjaudu&lt;/button&gt;&lt;/form&gt;"></iframe><footer><a href="/privacy">Tietosuoja</a></footer>`,
      ),
      "/judge": JUDGE,
    },
  },
  {
    name: "tabs: the bank's in front, the one with the password behind",
    never: ["henkilotunnus"],
    pages: {
      "/first":
        page(`<ul role="tablist"><li><a role="tab" aria-selected="true" href="#pankki">Verkkopankki</a></li><li><a role="tab" aria-selected="false" href="#tunnus">Käyttäjätunnus ja salasana</a></li></ul>
        <div role="tabpanel" id="pankki"><form method="post" action="/bank"><label for="h">Henkilötunnus</label><input id="h" name="henkilotunnus"><button>Tunnistaudu pankissa</button></form></div>
        <div role="tabpanel" id="tunnus" hidden>${LOGIN}</div>`),
      "/judge": JUDGE,
    },
  },
  {
    name: "ways to log in as radios, sent by a button",
    pages: {
      "/first": page(
        `<h1>Tunnistautuminen</h1>${form(
          "/way",
          '<fieldset><legend>Valitse tunnistautumistapa</legend><label><input type="radio" name="tapa" value="mv" checked> Mobiilivarmenne</label><label><input type="radio" name="tapa" value="tupas"> Pankkitunnukset</label><label><input type="radio" name="tapa" value="up"> Sähköposti ja salasana</label></fieldset><input type="hidden" name="ctx" value="7"><button>Jatka</button>',
        )}`,
      ),
      "/way": wants({ tapa: "up", ctx: "7" }, page(LOGIN)),
      "/judge": JUDGE,
    },
  },
  {
    name: "a Refresh header, then an address put together by a script, in a template too",
    pages: {
      "/first": raw(page("<p>Hetkinen…</p>"), { Refresh: "1; url='/start'" }),
      "/start": page(
        `<script>(function () { const base = '/auth'; const realm = "caruna"; let target = \`\${base}/\${realm}/\` + 'login'; target += '?lang=' + 'fi'; window.location.replace(target); })();</script>`,
      ),
      "/auth/caruna/login": wants({ lang: "fi" }, page(LOGIN)),
      "/judge": JUDGE,
    },
  },
  {
    name: "a token that comes in a cookie goes back in a header, and the answer is JSON within JSON",
    pages: {
      "/first": raw(page(LOGIN), { "Set-Cookie": "XSRF-TOKEN=abc%2B1; Path=/" }),
      "/judge": header(
        "x-xsrf-token",
        "abc+1",
        takes(
          { user: "USER", pass: "PASSWORD" },
          raw('{"status":"SUCCESS","data":{"redirectUrl":"/go?x=1"}}', { "Content-Type": "application/json" }),
        ),
      ),
      "/go": DONE,
    },
  },
  {
    name: "the user name in a GET form, below a base, a token in meta tags",
    pages: {
      "/first": page(
        `<h1>Logga in</h1>${form("steg2", '<input type="hidden" name="flow" value="f1"><label for="e">E-postadress</label><input id="e" name="epost" type="email"><button>Fortsätt</button>', 'method="get"')}`,
        '<base href="/konto/">',
      ),
      "/konto/steg2": wants(
        { epost: "USER", flow: "f1" },
        page(
          form(
            "/konto/klar",
            '<label for="l">Lösenord</label><input id="l" type="password" name="losen"><button>Logga in</button>',
          ),
          '<meta name="_csrf" content="m1"><meta name="_csrf_header" content="X-CSRF-TOKEN">',
        ),
      ),
      "/konto/klar": header("x-csrf-token", "m1", takes({ losen: "PASSWORD" }, DONE)),
    },
  },
  {
    name: "a forgotten password and a registration with two passwords stand before the login",
    never: ["reset_mail", "pw2", "news"],
    pages: {
      "/first": page(
        `<section><h2>Unohtuiko salasana?</h2>${form("/reset", '<label>Sähköposti <input type="email" name="reset_mail"></label><button>Lähetä linkki</button>')}</section>
        <section><h2>Luo tili</h2>${form("/new", '<label>Sähköposti <input type="email" name="mail"></label><label>Salasana <input type="password" name="pw" autocomplete="new-password"></label><label>Salasana uudelleen <input type="password" name="pw2" autocomplete="new-password"></label><label><input type="checkbox" name="news" checked> Tilaan uutiskirjeen</label><button>Rekisteröidy</button>')}</section>
        <section><h2>Asiakas jo?</h2>${form("/judge", `${BOTH}<button>Jatka</button>`)}</section>`,
      ),
      "/judge": JUDGE,
    },
  },
  {
    name: "the code in a fragment, on another path of the portal, by a redirect",
    pages: {
      "/first": page(LOGIN),
      "/judge": takes({ user: "USER", pass: "PASSWORD" }, "→/app/callback#code=c&state=s&session_state=t"),
    },
  },
  {
    name: "the code in a posted form to another path, with a button for who has no scripts",
    pages: {
      "/first": page(LOGIN),
      "/judge": takes(
        { user: "USER", pass: "PASSWORD" },
        page(
          `<form method="POST" name="hiddenform" action="/signin-oidc"><input type="hidden" name="code" value="c"><input type="hidden" name="state" value="s"><input type="hidden" name="session_state" value="t"><noscript><p>Script is disabled. Click Submit to continue.</p><input type="submit" value="Submit"></noscript></form><script language="javascript">window.setTimeout('document.forms[0].submit()', 0);</script>`,
        ),
      ),
    },
  },
  {
    name: "the password is too old and must be changed",
    ends: { error: "PersonNeeded", says: "" },
    pages: between(
      page(
        `<h1>Vaihda salasana</h1><p>Salasanasi on vanhentunut. Valitse uusi salasana.</p>${form("/change", '<label for="o">Nykyinen salasana</label><input id="o" type="password" name="old"><label for="n">Uusi salasana</label><input id="n" type="password" name="n1"><label for="m">Uusi salasana uudelleen</label><input id="m" type="password" name="n2"><button>Tallenna</button>')}`,
      ),
      {},
    ),
  },
  {
    name: "a captcha beside the password",
    posts: 0,
    ends: { error: "PersonNeeded", says: "" },
    pages: {
      "/first": page(
        form(
          "/judge",
          `${BOTH}<div class="g-recaptcha" data-sitekey="6Lx" data-callback="done"></div><button>Kirjaudu</button>`,
        ),
        '<script src="https://www.google.com/recaptcha/api.js" async defer></script>',
      ),
      "/judge": JUDGE,
    },
  },
  {
    name: "an approval in an app, with a number to compare",
    ends: { error: "PersonNeeded", says: "" },
    pages: between(
      page(
        `<h1>Hyväksy kirjautuminen</h1><p>Avaa tunnistussovellus puhelimessasi ja valitse luku <b>42</b>.</p><form id="poll" method="post" action="/poll"><input type="hidden" name="ctx" value="q"></form><a href="/help">Ohje</a><script>setInterval(function(){ fetch("/status").then(function(r){ if (r.ok) document.getElementById("poll").submit(); }); }, 2000);</script>`,
      ),
      {},
    ),
  },
  {
    name: "a link that was sent by e-mail",
    ends: { error: "PersonNeeded", says: "" },
    pages: between(
      page(
        `<h1>Check your email</h1><p>We have sent a sign-in link to a***@example.com. Click the link to continue. The link is valid for 10 minutes.</p>${form("/resend", "<button>Send again</button>")}`,
      ),
      {},
    ),
  },
  {
    name: "the first button of the form sends it to the forgotten password",
    pages: {
      "/first": page(
        form(
          "/judge",
          `${BOTH}<button type="submit" formaction="/reset" formnovalidate>Unohdin salasanani</button><button type="submit" name="go" value="in">Siirry palveluun</button>`,
        ),
      ),
      "/judge": takes({ user: "USER", pass: "PASSWORD", go: "in" }, DONE),
    },
  },
  {
    name: "the session of the login is over: nobody said that the password is wrong",
    ends: { error: "LoginChanged", says: "" },
    pages: {
      "/first": page(LOGIN),
      "/judge": page(
        `<div role="alert" class="alert error">Istuntosi on vanhentunut. Kirjaudu uudelleen.</div>${LOGIN}`,
      ),
    },
  },
  {
    name: "ways to log in by pictures in Swedish, whose scripts lead on, below an offer of the app",
    pages: {
      "/first": page(
        `<aside><a href="https://apps.example/app">Hämta appen</a><button type="button" onclick="this.parentNode.remove()">Stäng</button></aside><h1>Välj inloggningssätt</h1>
        <div onclick="location.href='/bankid'" role="button" tabindex="0"><img src="b.svg" alt="BankID"></div><div onclick="location.href='/losenord'" role="button" tabindex="0"><img src="l.svg" alt="E-post och lösenord"></div><div onclick="location.href='/cert'" role="button" tabindex="0"><img src="m.svg" alt="Mobilcertifikat"></div>`,
      ),
      "/losenord": page(LOGIN),
      "/judge": takes({ user: "USER", pass: "PASSWORD" }, `→${CODE}`),
    },
  },
];
