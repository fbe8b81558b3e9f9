import { escapeHtml, ordinaryPage } from "./pages.js";
import type { FieldNames, LoginScript } from "./variants.js";

export interface ScriptedLogin {
  readonly action: string;
  readonly csrf: string;
  readonly feedback: string | null;
  readonly fields: FieldNames;
}

/** Field that takes what a script has made of others. */
const MADE = "tieto";

/** A login page that does nothing without its script. */
export function scriptedLoginPage(script: LoginScript, login: ScriptedLogin): string {
  const { fields, csrf, feedback } = login;
  const message = feedback === null ? "" : `<p class="error" role="alert">${escapeHtml(feedback)}</p>`;
  const hidden = `<input type="hidden" name="${fields.empty}" value=""><input type="hidden" name="${fields.csrf}" value="${csrf}">`;
  const body = BODIES[script]({ ...login, hidden });
  return ordinaryPage("Kirjaudu - Caruna", "", `<h1>Kirjaudu Carunan palveluihin</h1>\n${message}\n${body}`);
}

/** A page whose script computes where to go. */
export function scriptedRedirectPage(address: string): string {
  const reversed = [...address].reverse().join("");
  const body = `<p>Hetki…</p>\n<script>location.replace(${JSON.stringify(reversed)}.split("").reverse().join(""));</script>`;
  return ordinaryPage("Siirrytään - Caruna", "", body);
}

/** What was typed, by what the script has sent; without the fields of the login where its part is wrong. */
export function fieldsAsTyped(
  script: LoginScript | null,
  sent: URLSearchParams,
  { fields, csrf, cookies }: Pick<ScriptedLogin, "fields" | "csrf"> & { readonly cookies: ReadonlyMap<string, string> },
): URLSearchParams {
  const made = sent.get(MADE) ?? "";
  if (script === "token") {
    const isRight = made === tokenOf(csrf) && cookies.get(MADE) === made;
    return isRight ? sent : new URLSearchParams();
  }
  if (script !== "fields" || made === "") return sent;
  const [user = "", password = ""] = Buffer.from(made, "base64").toString("utf8").split("\n");
  const typed = new URLSearchParams(sent);
  typed.set(fields.user, user);
  typed.set(fields.password, password);
  return typed;
}

/** As the page's script computes it. */
function tokenOf(seed: string): string {
  let token = 7;
  for (const character of seed) token = (token * 31 + character.charCodeAt(0)) % 1_000_003;
  return String(token);
}

type Parts = ScriptedLogin & { readonly hidden: string };

const typedFields = (user: string, password: string) =>
  `<label for="user2">Sähköpostiosoite</label><input id="user2"${user} autocomplete="username">` +
  `<label for="password3">Salasana</label><input type="password" id="password3"${password} autocomplete="current-password">`;
const named = ({ user, password }: FieldNames) => typedFields(` name="${user}"`, ` name="${password}"`);
const opened = ({ action }: Parts) => `<form id="usernameLogin4" method="post" action="${escapeHtml(action)}">`;
const BUTTON = '<button type="submit">Kirjaudu</button>';

const BODIES: Readonly<Record<LoginScript, (parts: Parts) => string>> = {
  fields: (
    parts,
  ) => `${opened(parts)}${parts.hidden}<input type="hidden" name="${MADE}" id="t">${typedFields("", "")}${BUTTON}</form>
<script>
document.getElementById("usernameLogin4").addEventListener("submit", function () {
  var typed = document.getElementById("user2").value + "\\n" + document.getElementById("password3").value;
  document.getElementById("t").value = btoa(unescape(encodeURIComponent(typed)));
});
</script>`,
  fetch: ({
    action,
    csrf,
    fields,
  }) => `<div id="panel">${typedFields("", "")}<button type="button" id="b" disabled>Kirjaudu</button><p id="m" role="alert" class="error"></p></div>
<script>
var user = document.getElementById("user2"), password = document.getElementById("password3"), button = document.getElementById("b");
document.getElementById("panel").addEventListener("input", function () { button.disabled = !user.value || !password.value; });
button.addEventListener("click", function () {
  var login = {};
  login[${JSON.stringify(fields.csrf)}] = ${JSON.stringify(csrf)};
  login[${JSON.stringify(fields.empty)}] = "";
  login[${JSON.stringify(fields.user)}] = user.value;
  login[${JSON.stringify(fields.password)}] = password.value;
  fetch(${JSON.stringify(action)}, { method: "POST", body: JSON.stringify(login), headers: { "Content-Type": "application/json" } })
    .then(function (response) { return response.json(); })
    .then(function (answer) {
      if (answer.next) setTimeout(function () { location.href = answer.next; }, 50);
      else document.getElementById("m").textContent = answer.error;
    });
});
</script>`,
  token: (
    parts,
  ) => `${opened(parts)}${parts.hidden}<input type="hidden" name="${MADE}" id="t" value="">${named(parts.fields)}${BUTTON}</form>
<script>
var seed = document.getElementsByName(${JSON.stringify(parts.fields.csrf)})[0].value, token = 7;
for (var i = 0; i < seed.length; i++) token = (token * 31 + seed.charCodeAt(i)) % 1000003;
document.getElementById("t").value = token;
document.cookie = "${MADE}=" + token + "; path=/";
</script>`,
  page: (parts) => `<div id="app">Ladataan…</div>
<script>
setTimeout(function () {
  document.getElementById("app").innerHTML = decodeURIComponent(${JSON.stringify(encodeURIComponent(`${opened(parts)}${parts.hidden}${named(parts.fields)}${BUTTON}</form>`))});
}, 100);
</script>`,
  shadow: (parts) => `<caruna-login></caruna-login>
<script>
customElements.define("caruna-login", class extends HTMLElement {
  connectedCallback() {
    this.attachShadow({ mode: "open" }).innerHTML = ${JSON.stringify(`${opened(parts)}${parts.hidden}${named(parts.fields)}${BUTTON}</form>`)};
  }
});
</script>`,
};
