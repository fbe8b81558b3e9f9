import { DONE, either, form, header, type Portal, page, raw, takes, wants } from "./portal.js";

/** Login pages in the shape of the documentation of identity providers. */

const WSO2_FIELDS = `<div class="field"><input type="text" id="usernameUserInput" value="" name="usernameUserInput" placeholder="Username" required>
  <input id="username" name="username" type="hidden" value=""></div>`;
const WSO2_PASSWORD = `<div class="field"><input type="password" id="password" name="password" value="" autocomplete="off" required placeholder="Password"><i id="passwordUnmaskIcon"></i></div>`;
const WSO2_END = `<div class="ui checkbox"><input type="checkbox" id="chkRemember" name="chkRemember"><label for="chkRemember">Remember me on this computer</label></div>
  <input type="hidden" name="sessionDataKey" value="0f7a-1"><a id="passwordRecoverLink" href="/accountrecoveryendpoint/recoveraccountrouter.do">Forgot password?</a>
  <button id="sign-in-button" class="ui primary fluid large button" type="submit">Sign In</button>`;
const WICKET_AJAX = (call: string) => `<script src="/wicket/res/wicket-ajax-jquery.js"></script><script>
/*<![CDATA[*/
Wicket.Ajax.baseUrl="login?3";
Wicket.Event.add(window, "domready", function(event) {
Wicket.Ajax.ajax({"u":"./login?3-1.0-lang-fi","m":"GET","c":"fi1","e":"click"});;
${call};
Wicket.Event.publish(Wicket.Event.Topic.AJAX_HANDLERS_BOUND);
;});
/*]]>*/
</script>`;
const WICKET_FORM = (
  more = "",
) => `<form id="form2" method="post" action="./login?3-1.-panel-form"${more}><div hidden="" class="hidden-fields"><input type="text" tabindex="-1" autocomplete="off"/><input id="submit4" type="submit" name="panel:submit" tabindex="-1"/></div>
  <div id="feedback5"></div><label for="u">Käyttäjätunnus</label><input id="u" name="panel:user"><label for="p">Salasana</label><input type="password" id="p" name="panel:password"><button type="submit" id="submit3" name="panel:ok">Kirjaudu</button></form>`;
const AJAX_TO = (address: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><ajax-response><redirect><![CDATA[${address}]]></redirect></ajax-response>`;

export const PRODUCTS: readonly Portal[] = [
  {
    name: "WSO2 IS 7: a visible user name beside a hidden twin",
    never: ["chkRemember"],
    pages: {
      "/first": "→/authenticationendpoint/login.do?sessionDataKey=0f7a-1",
      "/authenticationendpoint/login.do":
        page(`<div class="ui visible negative message" id="error-msg" style="display:none">Login failed!</div>
        ${form("/commonauth", WSO2_FIELDS + WSO2_PASSWORD + WSO2_END, 'class="ui large form" method="post" id="loginForm"')}
        <a href="/accountrecoveryendpoint/register.do">Create an account</a>
        <script>function submitCredentials(e){e.preventDefault();var userName=document.getElementById("username");userName.value=document.getElementById("usernameUserInput").value.trim();document.getElementById("loginForm").submit();}
        document.getElementById("loginForm").addEventListener("submit", submitCredentials);</script>`),
      "/commonauth": takes(
        { username: "USER", password: "PASSWORD", usernameUserInput: "USER", sessionDataKey: "0f7a-1" },
        "→/oauth2/authorize",
      ),
      "/oauth2/authorize": DONE,
    },
  },
  {
    name: "WSO2 IS 7: the user name first, on a page of its own",
    pages: {
      "/first": page(
        form(
          "/commonauth",
          `${WSO2_FIELDS}<input type="hidden" name="sessionDataKey" value="k"><input type="hidden" name="authType" value="idf"><button type="submit">Continue</button>`,
          'method="post" id="identifierForm"',
        ),
      ),
      "/commonauth": either(
        "authType",
        wants({ username: "USER", sessionDataKey: "k" }, "→/login.do"),
        takes({ username: "USER", password: "PASSWORD" }, DONE),
      ),
      "/login.do": page(
        form(
          "/commonauth",
          `<input id="username" name="username" type="hidden" value="aino@example.com">${WSO2_PASSWORD}${WSO2_END}`,
        ),
      ),
    },
  },
  {
    name: "WSO2 IS 7: consent to the claims that are required, after the password",
    never: ["consent_marketing"],
    pages: {
      "/first": page(form("/commonauth", WSO2_FIELDS + WSO2_PASSWORD + WSO2_END)),
      "/commonauth": takes({ username: "USER", password: "PASSWORD" }, "→/consent.do"),
      "/consent.do":
        page(`<h2>Caruna+</h2><p>This application requests access to your profile. By selecting following attributes I agree to share them.</p>
        ${form(
          "/logincontext",
          `<input type="checkbox" name="consent_email" id="ce" checked><label for="ce">Email *</label><input type="checkbox" name="consent_marketing" id="cm"><label for="cm">Marketing</label>
        <input type="hidden" name="sessionDataKey" value="k"><button type="submit" name="consent" value="approve">Continue</button><button type="submit" name="consent" value="deny">Deny</button>`,
        )}`),
      "/logincontext": wants({ consent: "approve", consent_email: "on" }),
    },
  },
  {
    name: "Keycloak: one page, with a registration and other providers",
    never: ["rememberMe"],
    pages: {
      "/first":
        page(`<div id="kc-header">Caruna</div><h1 id="kc-page-title">Sign in to your account</h1><form id="kc-form-login" onsubmit="login.disabled = true; return true;" action="/realms/c/login-actions/authenticate?session_code=a&amp;execution=b" method="post">
        <label for="username">Username or email</label><input tabindex="2" id="username" class="pf-c-form-control" name="username" value="" type="text" autofocus autocomplete="username">
        <label for="password">Password</label><input tabindex="3" id="password" name="password" type="password" autocomplete="current-password">
        <input tabindex="5" id="rememberMe" name="rememberMe" type="checkbox"> <label>Remember me</label><a href="/realms/c/login-actions/reset-credentials">Forgot Password?</a>
        <input type="hidden" id="id-hidden-input" name="credentialId"/><input tabindex="7" name="login" id="kc-login" type="submit" value="Sign In"/></form>
        <a href="/realms/c/login-actions/registration">Register</a><ul><li><a id="social-google" href="/broker/google/login">Google</a></li></ul>`),
      "/realms/c/login-actions/authenticate": takes(
        { username: "USER", password: "PASSWORD", credentialId: "", login: "Sign In" },
        DONE,
      ),
    },
  },
  {
    name: "Keycloak: the user name first; the page of the password shows it disabled",
    pages: {
      "/first": page(
        `<h1>Kirjaudu sisään</h1>${form("/one", '<label for="username">Sähköposti</label><input id="username" name="username" type="text" autocomplete="username"><input name="login" type="submit" value="Kirjaudu">')}`,
      ),
      "/one": wants(
        { username: "USER" },
        page(
          `<div id="kc-username"><label id="kc-attempted-username">aino@example.com</label><a id="reset-login" href="/restart">Restart login</a></div>${form("/two", '<label for="password">Salasana</label><input id="password" name="password" type="password" autocomplete="current-password"><input name="login" type="submit" value="Kirjaudu">')}`,
        ),
      ),
      "/two": takes({ password: "PASSWORD" }, DONE),
    },
  },
  {
    name: "Keycloak: terms and a consent after the password",
    pages: {
      "/first": page(
        form(
          "/auth",
          '<input name="username" autocomplete="username"><input name="password" type="password" autocomplete="current-password"><input type="submit" name="login" value="Sign In">',
        ),
      ),
      "/auth": takes({ username: "USER", password: "PASSWORD" }, "→/terms"),
      "/terms": page(
        `<h1>Terms and Conditions</h1><div id="kc-terms-text">Long text about newsletters and cookies.</div>${form("/terms-action", '<input name="accept" id="kc-accept" type="submit" value="Accept"/><input name="cancel" id="kc-decline" type="submit" value="Decline"/>')}`,
      ),
      "/terms-action": wants(
        { accept: "Accept" },
        page(
          `<h1>Grant Access to caruna-plus</h1><h3>Do you grant these access privileges?</h3><ul><li>User profile</li></ul>${form("/consent", '<input type="hidden" name="code" value="x"><input name="cancel" id="kc-cancel" type="submit" value="No"/><input name="accept" id="kc-login" type="submit" value="Yes"/>')}`,
        ),
      ),
      "/consent": wants({ accept: "Yes", code: "x" }),
    },
  },
  {
    name: "Auth0: the user name first, its state hidden",
    pages: {
      "/first": "→/u/login/identifier?state=hKFo",
      "/u/login/identifier": (request) =>
        request.method === "GET"
          ? page(`<h1>Welcome</h1><form method="POST" class="form-login-id" data-form-primary="true"><input type="hidden" name="state" value="hKFo"/><div><label for="username">Email address<span>*</span></label><input class="input" inputmode="email" name="username" id="username" type="text" required autocomplete="username webauthn" autocapitalize="none"></div>
            <div class="ulp-captcha-container"></div><input class="hide" type="password" autocomplete="off" tabindex="-1" aria-hidden="true"><input type="hidden" name="js-available" value="false"><button type="submit" name="action" value="default" data-action-button-primary="true">Continue</button></form>
            <p>Don't have an account? <a href="/u/signup/identifier?state=hKFo">Sign up</a></p><form method="post" data-provider="google" class="form-google"><input type="hidden" name="state" value="hKFo"><input type="hidden" name="connection" value="google-oauth2"><button type="submit">Continue with Google</button></form>`)
          : wants({ username: "USER", state: "hKFo", action: "default" }, "→/u/login/password?state=hKFo"),
      "/u/login/password": (request) =>
        request.method === "GET"
          ? page(`<h1>Enter Your Password</h1><form method="POST"><input type="hidden" name="state" value="hKFo"><span>aino@example.com</span><a href="/u/login/identifier?state=hKFo">Edit</a><input type="text" name="username" id="username" value="aino@example.com" readonly tabindex="-1" class="hide" autocomplete="username">
            <label for="password">Password</label><input name="password" id="password" type="password" required autocomplete="current-password"><button type="button" data-action="toggle">Show password</button><a href="/u/reset-password/request">Forgot password?</a><button type="submit" name="action" value="default">Continue</button></form>`)
          : takes({ password: "PASSWORD", username: "USER", action: "default" }, DONE),
    },
  },
  {
    name: "Azure AD: a decoy for password managers beside the user name, then whether to stay signed in",
    never: ["DontShowAgain"],
    pages: {
      "/first": page(
        form(
          "/common/login1",
          '<input type="email" name="loginfmt" id="i0116" placeholder="Email, phone, or Skype" aria-label="Enter your email"><input name="passwd" type="password" id="i0118" autocomplete="off" aria-hidden="true" tabindex="-1" class="moveOffScreen" style="position:absolute;left:-9999px"><input type="hidden" name="flowToken" value="ft"><input type="submit" id="idSIButton9" value="Next">',
        ),
      ),
      "/common/login1": wants(
        { loginfmt: "USER", passwd: "", flowToken: "ft" },
        page(
          form(
            "/common/login2",
            '<input type="hidden" name="login" value="aino@example.com"><input name="passwd" type="password" placeholder="Password"><input type="submit" value="Sign in">',
          ),
        ),
      ),
      "/common/login2": takes(
        { login: "USER", passwd: "PASSWORD" },
        page(
          `<div role="heading">Stay signed in?</div><h1>Stay signed in?</h1><p>Do this to reduce the number of times you are asked to sign in.</p>${form("/kmsi", '<input type="checkbox" name="DontShowAgain" id="KmsiCheckboxField" value="true"><label for="KmsiCheckboxField">Don\'t show this again</label><input type="button" id="idBtn_Back" value="No" onclick="this.form.LoginOptions.value=3;this.form.submit()"><input type="hidden" name="LoginOptions" value="3"><input type="submit" id="idSIButton9" name="yes" value="Yes">')}`,
        ),
      ),
      "/kmsi": wants({ LoginOptions: "3" }),
    },
  },
  {
    name: "Azure AD B2C: the form is sent by a script (SelfAsserted)",
    posts: 0,
    ends: { error: "LoginChanged", says: "script" },
    pages: {
      "/first":
        page(`<div id="api"><form id="localAccountForm" action="JavaScript:void(0);"><h2>Sign in with your email address</h2><label for="email">Email Address</label><input type="email" id="email" name="Email Address"><label for="password">Password</label><input type="password" id="password" name="Password"><button id="next" type="submit" form="localAccountForm">Sign in</button></form></div>
        <script>var SETTINGS = {"remoteResource":"https://x/unified.html","transId":"StateProperties=eyJ","csrf":"tok","hosts":{"tenant":"/t/B2C_1A"}};</script><script src="/bundles/unified.js"></script>`),
    },
  },
  {
    name: "PingFederate: field names with dots, the button an anchor for its script",
    pages: {
      "/first":
        page(`<h1>Sign On</h1><form method="POST" action="/as/x/resume/as/authorization.ping" autocomplete="off"><div class="ping-messages"></div><div>Username</div><input id="username" type="text" size="36" name="pf.username" value="" autocorrect="off"><div>Password</div><input id="password" type="password" size="36" name="pf.pass">
        <input type="hidden" name="pf.ok" value=""><input type="hidden" name="pf.cancel" value=""><input type="hidden" name="pf.adapterId" value="HTMLFormAdapter"><a onclick="postOk();" class="ping-button normal allow" title="Sign On">Sign On</a><a href="/pwdreset" class="password-change">Trouble Signing On?</a></form>
        <script>function postOk(){document.forms[0]["pf.ok"].value="clicked";document.forms[0].submit();} function postCancel(){document.forms[0].submit();}</script>`),
      "/as/x/resume/as/authorization.ping": takes(
        { "pf.username": "USER", "pf.pass": "PASSWORD", "pf.adapterId": "HTMLFormAdapter" },
        DONE,
      ),
    },
  },
  {
    name: "ForgeRock: a page built by its script",
    posts: 0,
    ends: { error: "LoginChanged", says: "script" },
    pages: {
      "/first": page(
        '<div id="wrapper">Loading...</div><noscript>JavaScript is required.</noscript><script src="/XUI/main.js"></script>',
      ),
    },
  },
  {
    name: "ForgeRock: callbacks in JSON",
    posts: 0,
    ends: { error: "LoginChanged", says: "script" },
    pages: {
      "/first": raw(
        '{"authId":"ey","callbacks":[{"type":"NameCallback","input":[{"name":"IDToken1","value":""}]},{"type":"PasswordCallback"}]}',
        { "Content-Type": "application/json" },
      ),
    },
  },
  {
    name: "Wicket 9: a call with extra parameters, another button and a language link beside it",
    pages: {
      "/first": page(
        WICKET_FORM(),
        WICKET_AJAX(
          `Wicket.Ajax.ajax({"u":"./login?3-1.0-panel-form-ok","m":"POST","c":"submit3","f":"form2","sc":"panel:ok","e":"click","ep":{"tapa":"salasana"},"pd":true});;Wicket.Ajax.ajax({"u":"./login?3-1.0-panel-form-cancel","m":"POST","c":"cancel9","f":"form2","sc":"cancel","e":"click"})`,
        ),
      ),
      "/login": takes(
        { "panel:user": "USER", "panel:password": "PASSWORD", "panel:ok": "1", tapa: "salasana" },
        AJAX_TO("./done"),
      ),
    },
  },
  {
    name: "Wicket 10: attributes in another order and quoting, extra parameters as a list, multipart",
    pages: {
      "/first": page(
        WICKET_FORM(' enctype="multipart/form-data"'),
        WICKET_AJAX(
          `Wicket.Ajax.ajax({ 'ep' : [{'name':'tapa','value':'1'},{'name':'kieli','value':'fi'}], bh:[function(attrs){return {"u":"./x"};}], 'mp' : true, 'sc' : 'panel:ok', 'f' : 'form2', 'c' : 'submit3', 'm' : 'POST', 'e' : 'click', 'u' : './login?3-1.0-panel-form-ok' })`,
        ),
      ),
      "/login": takes(
        { "panel:user": "USER", "panel:password": "PASSWORD", "panel:ok": "1", tapa: "1", kieli: "fi" },
        '<ajax-response><evaluate><![CDATA[window.location.href="./done";]]></evaluate></ajax-response>',
      ),
    },
  },
  {
    name: "Wicket: the answer puts another component in the place of the form, which is sent on",
    pages: {
      "/first": page(
        `<div id="panel1">${WICKET_FORM()}</div>`,
        WICKET_AJAX(
          `Wicket.Ajax.ajax({"u":"./login?3-1.0-panel-form-ok","m":"POST","c":"submit3","f":"form2","sc":"panel:ok"})`,
        ),
      ),
      "/login": takes(
        { "panel:user": "USER" },
        `<?xml version="1.0"?><ajax-response><component id="panel1"><![CDATA[<div id="panel1"><h2>Tervetuloa</h2><form id="form7" method="post" action="./next"><input type="hidden" name="h" value="1"><button type="submit" name="go">Jatka</button></form></div>]]></component><evaluate><![CDATA[(function(){Wicket.Ajax.ajax({"u":"./next?ajax","m":"POST","c":"link8"});})();]]></evaluate></ajax-response>`,
      ),
      "/next": wants({ h: "1" }),
    },
  },
  {
    name: "Wicket: priority-evaluate, encoded, leads on",
    pages: {
      "/first": page(
        WICKET_FORM(),
        WICKET_AJAX(`Wicket.Ajax.ajax({"u":"./login?3-1.0-panel-form-ok","m":"POST","c":"submit3","f":"form2"})`),
      ),
      "/login": takes(
        { "panel:password": "PASSWORD" },
        '<ajax-response><priority-evaluate encoding="wicket1"><![CDATA[var to=["./do","ne"]^.join("");document.location.replace(to)]]></priority-evaluate></ajax-response>',
      ),
    },
  },
  {
    name: "SAML: requests and responses that post themselves, by a handler and by a script from elsewhere",
    pages: {
      "/first": page(
        `<form action="/idp/SSO" method="post"><input type="hidden" name="RelayState" value="rs"/><input type="hidden" name="SAMLRequest" value="PHNhbWw+"/><noscript><input type="submit" value="Continue"/></noscript></form>`,
      ).replace("<body>", '<body onload="document.forms[0].submit()">'),
      "/idp/SSO": wants(
        { RelayState: "rs", SAMLRequest: "PHNhbWw+" },
        page(
          form(
            "/idp/login",
            '<input name="j_username"><input type="password" name="j_password"><button name="_eventId_proceed">Login</button>',
          ),
        ),
      ),
      "/idp/login": takes(
        { j_username: "USER", j_password: "PASSWORD", _eventId_proceed: "" },
        page(
          `<script src="/autosubmit.js"></script>${form("/acs", '<input type="hidden" name="SAMLResponse" value="PHI+"><input type="hidden" name="RelayState" value="rs">')}`,
        ),
      ),
      "/acs": wants({ SAMLResponse: "PHI+", RelayState: "rs" }),
    },
  },
  {
    name: "Spring Security: a CSRF token in the form and in meta tags",
    pages: {
      "/first": page(
        form(
          "/login",
          '<h2>Please sign in</h2><input type="text" name="username" placeholder="Username" required autofocus><input type="password" name="password" placeholder="Password" required><input name="_csrf" type="hidden" value="tok1"><button type="submit">Sign in</button>',
        ),
        '<meta name="_csrf" content="tok1"><meta name="_csrf_header" content="X-CSRF-TOKEN">',
      ),
      "/login": header("X-CSRF-TOKEN", "tok1", takes({ username: "USER", password: "PASSWORD", _csrf: "tok1" }, DONE)),
    },
  },
  {
    name: "a double-submit cookie comes back as a header",
    pages: {
      "/first": (_, response) => {
        response.setHeader("Set-Cookie", "XSRF-TOKEN=a%2Fb; Path=/");
        return page(form("/judge", "<input name=user><input type=password name=pass>"));
      },
      "/judge": header("X-XSRF-TOKEN", "a/b", takes({ user: "USER", pass: "PASSWORD" }, DONE)),
    },
  },
];
