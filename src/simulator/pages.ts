import type { FormStyle, Step, Variant } from "./variants.js";

export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** The portal's ordinary pages begin with a meta that is no refresh. */
export function ordinaryPage(title: string, head: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="fi">
<head>
<meta http-equiv="X-UA-Compatible" content="IE=edge,chrome=1" />
<meta charset="UTF-8" />
<title>${escapeHtml(title)}</title>${head}
</head>
<body>
${body}
</body>
</html>
`;
}

export function refreshPage(address: string, style: FormStyle): string {
  const meta = style.oddMeta
    ? `<META CONTENT="0 ; url='${escapeHtml(address)}'" HTTP-EQUIV="Refresh">`
    : `<meta http-equiv="refresh" content="0;URL=${escapeHtml(address)}"/>`;
  return `<!DOCTYPE html>\n<html>\n<head>\n${meta}\n<title></title>\n</head>\n<body></body>\n</html>\n`;
}

export function errorPage(): string {
  const body = "<h1>Jokin meni vikaan</h1>\n<p>Istuntosi on vanhentunut. Aloita kirjautuminen alusta.</p>";
  return ordinaryPage("Virhe - Caruna", "", body);
}

export function maintenancePage(): string {
  const body = "<h1>Huoltokatko</h1>\n<p>Palvelu on huollossa. Yritä myöhemmin uudelleen.</p>";
  return ordinaryPage("Huoltokatko - Caruna", "", body);
}

export function plainPage(title: string, text: string): string {
  return ordinaryPage(title, "", `<h1>${escapeHtml(title)}</h1>\n<p>${escapeHtml(text)}</p>`);
}

/** The plus site's front page: a person with a browser begins the login here. */
export function frontPage(): string {
  const body = `<h1>Caruna+</h1>
<p><button id="kirjaudu">Kirjaudu</button></p>
<script>
document.getElementById("kirjaudu").addEventListener("click", function () {
  var wish = JSON.stringify({ redirectAfterLogin: window.location.origin + "/", language: "fi" });
  fetch("/api/authorization/login", { method: "POST", headers: { "Content-Type": "application/json" }, body: wish })
    .then(function (response) { return response.json(); })
    .then(function (answer) { window.location.href = answer.loginRedirectUrl; });
});
</script>`;
  return ordinaryPage("Caruna+", "", body);
}

export interface LoginPageParts {
  readonly variant: Variant;
  /** Site-relative or absolute base address. */
  readonly formAction: string;
  readonly ajaxAddress: string | null;
  readonly csrf: string;
  readonly feedback: string | null;
}

/** The login page; `html` in `ajaxAddress` and `formAction` is escaped here. */
export function loginPage(parts: LoginPageParts): string {
  const { variant } = parts;
  const base = variant.form.baseHref === null ? "" : `\n<base href="${variant.form.baseHref}" />`;
  const scripts = parts.ajaxAddress === null ? "" : ajaxScripts(parts.ajaxAddress, variant);
  const body = `${variant.form.otherFormsFirst ? OTHER_FORMS : ""}<h1>Kirjaudu Carunan palveluihin</h1>
${feedbackPanel(parts.feedback)}
${loginForm(parts)}`;
  return ordinaryPage("Kirjaudu - Caruna", base + scripts, body);
}

function loginForm({ variant, formAction, csrf }: LoginPageParts): string {
  const { fields, form } = variant;
  const enctype = form.enctype === "multipart/form-data" ? ` enctype="${form.enctype}"` : "";
  const submit =
    form.submit === "button"
      ? `<button type="submit" name="${fields.submit}" value="kylla" id="${fields.submit}5">Kirjaudu</button>`
      : `<input type="submit" name="${fields.submit}" value="Kirjaudu" id="${fields.submit}5" />`;
  return `<form id="usernameLogin4" method="post" action="${escapeHtml(formAction)}"${enctype}>
<div style="display:none"><input type="hidden" name="${fields.empty}" id="usernameLogin4_hf_0" value="" /></div>
<input type="hidden" name="${fields.csrf}" value="${csrf}" />
<label for="user2">Sähköpostiosoite</label>
<input type="${form.userFieldType}" id="user2" name="${fields.user}" value="" autocomplete="username" />
<label for="password3">Salasana</label>
<input type="password" id="password3" name="${fields.password}" value="" autocomplete="current-password" />
${submit}
</form>`;
}

const OTHER_FORMS = `<form id="haku1" method="get" action="/portal/haku">
<input type="text" name="q" value="" placeholder="Hae sivustolta" /><input type="submit" name="hae" value="Hae" />
</form>
<form id="kieli1" method="post" action="/portal/kieli">
<input type="hidden" name="kieli_hf_0" value="" /><input type="text" name="kieli" value="fi" />
<input type="submit" name="vaihda" value="Vaihda kieli" />
</form>
<form id="rekisteroidy1" method="post" action="/portal/rekisteroidy">
<input type="hidden" name="lahde" value="kirjautuminen" />
<input type="email" name="uusiSahkoposti" value="" placeholder="Sähköposti" />
<input type="submit" name="luoTunnus" value="Luo tunnus" />
</form>
`;

function feedbackPanel(text: string | null): string {
  const message =
    text === null
      ? ""
      : `<ul class="feedbackPanel"><li class="feedbackPanelERROR"><span id="feedback6FeedbackMessage1" class="feedbackPanelERROR">${escapeHtml(text)}</span></li></ul>`;
  return `<div id="feedback6" class="feedback">${message}</div>`;
}

/** Wicket writes its calls into the page like this; the script file makes them work in a browser. */
function ajaxScripts(ajaxAddress: string, variant: Variant): string {
  const button = `${variant.fields.submit}5`;
  const call = `{"u":"${ajaxAddress}","m":"POST","c":"${button}","f":"usernameLogin4","sc":"${variant.fields.submit}","e":"click","pd":true}`;
  return `
<script type="text/javascript" src="${WICKET_SCRIPT_PATH}"></script>
<script type="text/javascript">
/*<![CDATA[*/
Wicket.Event.add(window, "domready", function(event) {
Wicket.Ajax.ajax(${call});;
});
/*]]>*/
</script>`;
}

export const WICKET_SCRIPT_PATH = "/portal/wicket/resource/wicket-ajax.js";

/** As much of Wicket's browser side as a login needs: post the form, go where the answer says, replace components. */
export const WICKET_SCRIPT = `window.Wicket = {
  Event: { add: function (target, name, then) { document.addEventListener("DOMContentLoaded", then); } },
  Ajax: { ajax: function (call) {
    document.getElementById(call.c).addEventListener(call.e, function (event) {
      event.preventDefault();
      var fields = new URLSearchParams(new FormData(document.getElementById(call.f)));
      fields.append(call.sc, "1");
      fetch(new URL(call.u, document.baseURI), { method: call.m, body: fields, headers: {
        "Wicket-Ajax": "true", "Wicket-Ajax-BaseURL": "login", "Wicket-FocusedElementId": call.c,
        "X-Requested-With": "XMLHttpRequest" } }).then(Wicket.answered);
    });
  } },
  answered: function (response) {
    if (response.redirected) { window.location.href = response.url; return; }
    var told = response.headers.get("Ajax-Location");
    if (told) { window.location.href = told; return; }
    response.text().then(function (text) {
      var answer = new DOMParser().parseFromString(text, "text/xml");
      var redirect = answer.querySelector("redirect");
      if (redirect) { window.location.href = redirect.textContent; return; }
      answer.querySelectorAll("component").forEach(function (component) {
        document.getElementById(component.id).outerHTML = component.textContent;
      });
    });
  }
};
`;

export function ajaxRedirectBody(address: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><ajax-response><redirect><![CDATA[${address}]]></redirect></ajax-response>`;
}

export function ajaxEmptyBody(): string {
  return '<?xml version="1.0" encoding="UTF-8"?><ajax-response></ajax-response>';
}

export function ajaxFeedbackBody(text: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><ajax-response><component id="feedback6" ><![CDATA[${feedbackPanel(text)}]]></component></ajax-response>`;
}

/** A form that JavaScript submits as soon as the page is there. */
export function relayFormPage(action: string, fields: Readonly<Record<string, string>>, method: string): string {
  const inputs = Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}"/>`)
    .join("\n");
  return `<!DOCTYPE html>
<html>
<head><title>Siirrytään</title></head>
<body onload="document.forms[0].submit()">
<form method="${method.toLowerCase()}" action="${escapeHtml(action)}">
${inputs}
<noscript><p>Selaimesi ei tue JavaScriptiä.</p><input type="submit" value="Jatka"/></noscript>
</form>
</body>
</html>
`;
}

export function noticePage(kind: Step["kind"], address: string, hidden: Readonly<Record<string, string>>): string {
  const inputs = Object.entries(hidden)
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}" />`)
    .join("");
  const wayOn =
    kind === "notice-link"
      ? `<p><a class="button" href="${escapeHtml(address)}">Jatka</a></p>`
      : `<form method="post" action="${escapeHtml(address)}">${inputs}<button type="submit">Jatka</button></form>`;
  const text = "Käyttöehdot ovat muuttuneet. Muutokset tulevat voimaan ensi kuussa.";
  return ordinaryPage("Tiedote - Caruna", "", `<h1>Tiedote</h1>\n<p>${text}</p>\n${wayOn}`);
}

export function secondFactorPage(action: string): string {
  const body = `<h1>Vahvista kirjautuminen</h1>
<p>Lähetimme vahvistuskoodin tekstiviestillä (SMS) numeroosi. Syötä vahvistuskoodi.</p>
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="otpPanel_hf_0" value="" />
<input type="text" name="otp" inputmode="numeric" autocomplete="one-time-code" />
<input type="submit" name="vahvista" value="Vahvista" />
</form>`;
  return ordinaryPage("Vahvistuskoodi - Caruna", "", body);
}
