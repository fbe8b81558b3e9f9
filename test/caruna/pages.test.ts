import { describe, expect, it } from "vitest";
import { wayOn } from "../../src/caruna/login/choices.js";
import {
  autoSubmittedForm,
  credentialsForm,
  fieldsOf,
  submitButton,
  userNameForm,
  wicketCallFor,
} from "../../src/caruna/login/forms.js";
import { type Form, type Page, readPage } from "../../src/caruna/login/page.js";

const SHOWN = new URL("https://authentication2.caruna.fi/portal/login?x=1");
const ACCOUNT = { username: "demo@example.com", password: "secret" };
const read = (html: string) => readPage(html, SHOWN);
const credentialsOn = (html: string) => credentialsForm(read(html), ACCOUNT);
const userNameOn = (html: string) => userNameForm(read(html), ACCOUNT);
const autoSubmittedOn = (html: string) => {
  const page = read(html);
  return autoSubmittedForm(page, page.script.waysOn(SHOWN).submits);
};
const noticeOn = (html: string) => {
  const way = wayOn(read(html), true, () => false);
  return way?.kind === "form" ? way.submission : undefined;
};

function firstForm(page: Page): Form {
  const [form] = page.forms;
  if (form === undefined) throw new Error("the page has no form");
  return form;
}

/** Name, type and value of all controls. */
const controlsOf = (html: string) =>
  firstForm(read(html)).controls.map(({ name, type, value }) => `${name}:${type}=${value}`);

describe("meta refreshes", () => {
  it.each([
    ['<meta http-equiv="refresh" content="0;URL=/next?a=1&amp;b=2">', "/next?a=1&b=2"],
    ['<META CONTENT="0; URL=/next" HTTP-EQUIV="REFRESH">', "/next"],
    ["<meta http-equiv=refresh content=0;url=/next>", "/next"],
    ['<meta http-equiv="refresh" content="0 ; url = \'/next\'">', "/next"],
    [`<meta http-equiv="refresh" content='0;url="/next"'>`, "/next"],
    ['<meta http-equiv="refresh" content="0;url=\'/next">', "/next"],
    ['<meta http-equiv="refresh" content="0,url=/next">', "/next"],
    ['<meta http-equiv="refresh" content="0 url=/next">', "/next"],
    ['<meta http-equiv="refresh" content="0;/next">', "/next"],
    ['<meta http-equiv="refresh" content=" 0.5;\n url=/next ">', "/next"],
    ['<meta http-equiv="refresh" content="0;url=/a;b=c">', "/a;b=c"],
    ['<meta http-equiv=" refresh " content="0;url=/next"/>', "/next"],
    ["<body><p>Late<meta http-equiv='refresh' content='0;url=/next'>", "/next"],
    [
      '<meta http-equiv="X-UA-Compatible" content="IE=edge,chrome=1"><meta http-equiv="refresh" content="0;url=/next">',
      "/next",
    ],
    ['<meta http-equiv="X-UA-Compatible" content="IE=edge,chrome=1">', undefined],
    ['<meta name="refresh" content="0;url=/next">', undefined],
    ['<meta http-equiv="refresh" content="30">', "/portal/login?x=1"],
    ['<meta http-equiv="refresh" content="0;">', "/portal/login?x=1"],
    ['<meta http-equiv="refresh" content="">', undefined],
    ['<meta http-equiv="refresh">', undefined],
    ['<!-- <meta http-equiv="refresh" content="0;url=/next"> -->', undefined],
    ["<script>\"<meta http-equiv='refresh' content='0;url=/next'>\"</script>", undefined],
    ['<title><meta http-equiv="refresh" content="0;url=/next"></title>', undefined],
    ['<textarea><meta http-equiv="refresh" content="0;url=/next"></textarea>', undefined],
    ['<template><meta http-equiv="refresh" content="0;url=/next"></template>', undefined],
  ])("%s → %s", (html, address) => {
    expect(read(html).refresh?.url.href.replace(SHOWN.origin, "")).toBe(address);
  });

  it("for browsers without scripts is another thing", () => {
    const page = read('<noscript><meta http-equiv="refresh" content="0;url=/noscript"></noscript>');
    expect([page.refresh, page.refreshWithoutScript?.url.pathname]).toEqual([undefined, "/noscript"]);
  });

  it("tells its delay", () => {
    expect(read('<meta http-equiv="refresh" content="900;url=/timeout">').refresh?.delaySeconds).toBe(900);
  });
});

describe("forms", () => {
  it.each([
    ['<form action="./login?2-1.-userIDPanel">', "https://authentication2.caruna.fi/portal/login?2-1.-userIDPanel"],
    ['<form action="/a?b=1&amp;c=2">', "https://authentication2.caruna.fi/a?b=1&c=2"],
    ['<form action="//other.caruna.fi/x">', "https://other.caruna.fi/x"],
    ['<form action="https://other.caruna.fi/x">', "https://other.caruna.fi/x"],
    ['<form action=" ?q ">', "https://authentication2.caruna.fi/portal/login?q"],
    ['<form action="">', SHOWN.href],
    ["<form>", SHOWN.href],
    ['<base href="/other/"><form action="x">', "https://authentication2.caruna.fi/other/x"],
    ['<base href="/other/"><form action="">', SHOWN.href],
    [
      '<base target="_top"><base href="/one/"><base href="/two/"><form action="x">',
      "https://authentication2.caruna.fi/one/x",
    ],
    ["<BASE HREF=https://base.caruna.fi/><FORM ACTION=x>", "https://base.caruna.fi/x"],
    ['<base href="http://["><form action="x">', "https://authentication2.caruna.fi/portal/x"],
    ['<form action="http://[">', undefined],
  ])("%s goes to %s", (html, address) => {
    expect(firstForm(read(html)).action?.href).toBe(address);
  });

  it.each([
    ["<form>", "GET", "urlencoded"],
    ['<form method="post">', "POST", "urlencoded"],
    ["<FORM METHOD=POST ENCTYPE=MULTIPART/FORM-DATA>", "POST", "multipart"],
    ['<form method="put" enctype="text/html">', "GET", "urlencoded"],
  ])("%s is sent by %s as %s", (html, method, enctype) => {
    expect(firstForm(read(html))).toMatchObject({ method, enctype });
  });

  it("have the controls that a browser finds in them", () => {
    const html = `<FORM ID=f><INPUT NAME=A VALUE=1><input type=HIDDEN name=b value="&lt;&quot;&amp;&auml;&#8364;>"><input name=c>
      <textarea name=d>
x &amp; y</textarea><select name=e><option value=1>one<option selected>two</select><select name=f><option>only</select>
      <button name=g value=h>Go</button><button type=button name=i></button><input type=password name=j disabled>
      <fieldset disabled><input name=k></fieldset><!-- <input name=l> --><script>"<input name=m>"</script>
      <template><input name=n></template><noscript><input name=o></noscript><input type=checkbox name=p>
      <input type=checkbox name=q checked><input type=radio name=r value=s checked><input type=image name=t></form>`;
    expect(controlsOf(html)).toEqual([
      "A:text=1",
      'b:hidden=<"&ä€>',
      "c:text=",
      "d:textarea=x & y",
      "e:select=two",
      "f:select=only",
      "g:submit=h",
      "i:button=",
      "p:checkbox=on",
      "q:checkbox=on",
      "r:radio=s",
      "t:image=",
    ]);
    expect(fieldsOf({ form: firstForm(read(html)), values: new Map() }).map(([name]) => name)).toEqual([
      "A",
      "b",
      "c",
      "d",
      "e",
      "f",
      "q",
      "r",
    ]);
  });

  it("take controls from elsewhere that name them, and give away those that name another", () => {
    const page = read(`<input form=two name=before><form id=one><input name=a><input form=two name=b></form>
      <form id=two><input name=c></form><input form=one name=d><label form=one>e</label><input name=f>`);
    const names = page.forms.map((form) => form.controls.map(({ name }) => name).sort());
    expect(names).toEqual([
      ["a", "d"],
      ["b", "before", "c"],
    ]);
  });

  it.each([
    ["a comment", '<!-- <form action="/x"></form> -->'],
    ["a script", '<script>document.write("<form></form>")</script>'],
    ["a template", "<template><form></form></template>"],
    ["noscript", "<noscript><form></form></noscript>"],
    ["a text area", "<textarea><form></form></textarea>"],
    ["a title", "<title><form></form></title>"],
    ["an iframe", "<iframe><form></form></iframe>"],
    ["an attribute", `<p title="<form></form>">`],
    ["a style", "<style><form></form></style>"],
  ])("in %s are none", (_, html) => {
    expect(read(html).forms).toEqual([]);
  });

  it("survive what is left open or nested", () => {
    const page = read(
      "<div><form id=a><p><input name=x></div><form id=b><input name=y></form><table><tr><td><input name=z",
    );
    expect(page.forms.map(({ id }) => id)).toContain("a");
    expect(page.forms.flatMap(({ controls }) => controls.map(({ name }) => name))).toContain("x");
  });

  it("carry a greater-than sign and quotes in attributes", () => {
    expect(
      controlsOf(`<form><input name="a" value='>"<' title="x > y"><input name='b"' value="&#39;"></form>`),
    ).toEqual(['a:text=>"<', "b\":text='"]);
  });

  it("send another way where a button says so", () => {
    const [, button] = firstForm(read('<form><input name=a><button formaction="/go" formmethod=POST>Go')).controls;
    expect([button?.action?.pathname, button?.method]).toEqual(["/go", "POST"]);
  });
});

const LOGIN =
  '<form id=login action="./l?2-1.-panel-form" method=post><input name=u><input type=password name=p><input type=submit name=go id=go5>';

describe("calls of Wicket's Ajax", () => {
  it.each([
    [
      "as seen",
      `Wicket.Ajax.ajax({"u":"./l?2-1.0-panel-form-go","m":"POST","c":"go5","f":"login","sc":"go","e":"click"});`,
    ],
    ["with single quotes", `Wicket.Ajax.ajax({'u':'./l?2-1.0-panel-form-go','c':'go5'});`],
    ["with bare keys and spaces", `Wicket.Ajax.ajax( { u : "./l?2-1.0-panel-form-go" , c : "go5" } );`],
    ["in another order, over lines", `Wicket.Ajax.ajax({\n  "c": "go5",\n  "u": "./l?2-1.0-panel-form-go"\n});`],
    [
      "with functions inside",
      `Wicket.Ajax.ajax({"bh":[function(a){return {};}],"u":"./l?2-1.0-panel-form-go","c":"go5"});`,
    ],
    ["as post", `Wicket.Ajax.post({"u":"./l?2-1.0-panel-form-go","c":"go5"});`],
    ["with escapes", String.raw`Wicket.Ajax.ajax({"u":".\/l?2-1.0-panel\u002dform\x2dgo","c":"go5"});`],
    ["by the form's id alone", `Wicket.Ajax.ajax({"u":"./l?2-1.0-panel-form-go","c":"other","f":"login"});`],
    ["by the component path alone", `Wicket.Ajax.ajax({"u":"./l?2-1.0-panel-form-go","c":"other"});`],
  ])("are found: %s", (_, script) => {
    const page = read(
      `<script>/*<![CDATA[*/ Wicket.Event.add(window, "domready", function(e) { ${script} }); /*]]>*/</script>${LOGIN}`,
    );
    expect(wicketCallFor(firstForm(page), page)?.url).toBe("./l?2-1.0-panel-form-go");
  });

  it("of a field, or of another form, are not the form's", () => {
    const page = read(`<script>Wicket.Ajax.ajax({"u":"./l?2-1.1-panel-form-u","c":"u2","e":"change"});
      Wicket.Ajax.ajax({"u":"./l?2-1.0-language-fi","c":"fi9"});</script>
      <form id=login action="./l?2-1.-panel-form" method=post><input name=u id=u2><input type=password name=p></form>`);
    expect(wicketCallFor(firstForm(page), page)).toBeUndefined();
  });

  it("of the submit button go before those of others in the form", () => {
    const page = read(`<script>Wicket.Ajax.ajax({"u":"./l?2-1.0-panel-form-cancel","c":"cancel4","f":"login"});
      Wicket.Ajax.ajax({"u":"./l?2-1.0-panel-form-go","c":"go5","f":"login"});</script>
      ${LOGIN}<input type=submit name=cancel id=cancel4 value=Peruuta>`);
    expect(wicketCallFor(firstForm(page), page)?.componentId).toBe("go5");
  });

  it("in a comment of the page are none", () => {
    const page = read(`<!-- <script>Wicket.Ajax.ajax({"u":"./x","c":"go5"});</script> -->${LOGIN}`);
    expect(page.wicketCalls).toEqual([]);
  });

  it("may name the base address", () => {
    expect(read('<script>Wicket.Ajax.baseUrl="wicket/page?3";</script>').wicketBaseUrl).toBe("wicket/page?3");
  });
});

describe("the form that asks for the credentials", () => {
  const OTHERS = `<form id=search><input name=q><input type=submit value=Hae></form>
    <form id=register><input type=email name=new><input type=password name=a><input type=password name=b></form>`;

  it("is found among others, with its own user name", () => {
    const found = credentialsOn(OTHERS + LOGIN);
    expect([found?.form.id, found?.userName?.name]).toEqual(["login", "u"]);
  });

  it("takes the field called user name, not the first", () => {
    const found = credentialsOn(
      '<form><input name=x><input name=y placeholder="Käyttäjätunnus"><input type=password name=p>',
    );
    expect(found?.userName?.name).toBe("y");
  });

  it("is no form that chooses a new password", () => {
    expect(
      credentialsOn('<form><input name=u><input type=password name=p autocomplete="new-password"></form>'),
    ).toBeUndefined();
    expect(
      credentialsOn("<form><input name=u><input type=password name=p><input type=password name=confirm></form>"),
    ).toBeUndefined();
  });

  it("is submitted by the button that goes on", () => {
    const page = read(
      "<form><input type=password name=p><button name=back>Takaisin</button><button name=go>Kirjaudu</button>",
    );
    expect(submitButton(firstForm(page), page)?.name).toBe("go");
  });

  it("may ask for the user name alone; a search, a registration does not", () => {
    expect(userNameOn("<form><input type=email name=email></form>")?.userName.name).toBe("email");
    expect(userNameOn("<form><input name=q placeholder=Hae></form>")).toBeUndefined();
    expect(userNameOn("<form><input type=email name=e><input type=password name=p></form>")).toBeUndefined();
    expect(userNameOn("<form><input type=email name=e><button>Luo tunnus</button></form>")).toBeUndefined();
  });
});

describe("forms that ask nothing", () => {
  const RESPONSE = "<form id=r><input type=hidden name=resp value=1></form>";

  it.each([
    ["an onload handler", `<body onload="document.forms[0].submit()">${RESPONSE}`],
    ["a script behind it", `${RESPONSE}<script>document.getElementById('r').submit();</script>`],
    ["requestSubmit", `${RESPONSE}<script>document.forms[0].requestSubmit()</script>`],
    ["a click on its button", `${RESPONSE}<script>document.querySelector("button").click()</script>`],
    ["the prototype's submit", `${RESPONSE}<script>HTMLFormElement.prototype.submit.call(document.forms.r)</script>`],
  ])("are sent by the page's script: %s", (_, html) => {
    expect(autoSubmittedOn(html)?.id).toBe("r");
  });

  it("are sent by number or by name where there are several", () => {
    const two =
      "<form id=one><input type=hidden name=a></form><form id=two name=second><input type=hidden name=b></form>";
    expect(autoSubmittedOn(`${two}<script>document.forms[1].submit()</script>`)?.id).toBe("two");
    expect(autoSubmittedOn(`${two}<script>document.second.submit()</script>`)?.id).toBe("two");
  });

  it("are not sent where a person is asked, or no script says so", () => {
    expect(autoSubmittedOn("<form><input name=a></form><script>f.submit()</script>")).toBeUndefined();
    expect(autoSubmittedOn(RESPONSE)).toBeUndefined();
  });

  it("are a notice where there is one button on", () => {
    const notice = "<form id=n><input type=hidden name=h><button name=ok>Jatka</button></form>";
    expect(noticeOn(notice)?.button?.name).toBe("ok");
    expect(noticeOn(`${notice}<form><button>Kirjaudu ulos</button></form>`)?.form.id).toBe("n");
    expect(noticeOn("<form><button>Aa</button></form><form><button>Bb</button></form>")).toBeUndefined();
  });
});

describe("what a page says", () => {
  it("feedback is each innermost message once, and nothing else", () => {
    const page =
      read(`<body class="has-errors"><div class="feedbackPanel"><ul><li class="error"><span id="a1_FeedbackMessage2"> Väärä
      salasana. </span></li></ul></div><div class="alert"></div><p role="alert">Väärä salasana.</p><input class="error">`);
    expect(page.feedback).toBe("Väärä salasana.");
    expect(read("<p>Hello</p>").feedback).toBeUndefined();
  });

  it.each([
    ["0.9", 0],
    ["5", 5],
    ["1.2.3", 1],
    ["9".repeat(30), Number.MAX_SAFE_INTEGER],
    ["", 0],
  ])("a refresh after %j seconds is one after %d", (seconds, delaySeconds) => {
    expect(read(`<meta http-equiv=refresh content="${seconds};url=/next">`).refresh?.delaySeconds).toBe(delaySeconds);
  });

  it("text is what a person reads", () => {
    const page = read(
      "<title>T &amp; U</title><p>One<script>two</script><style>three</style> <b>fo&uuml;r</b><template>five</template>",
    );
    expect([page.title, page.text]).toEqual(["T & U", "One foür"]);
  });

  it.each([
    ['<script>window.location.href = "/next"</script>', "/next"],
    [`<script>location='/next'</script>`, "/next"],
    ['<script>location.replace("/next")</script>', "/next"],
    [String.raw`<script>top.location.assign("\/portal\/next")</script>`, "/portal/next"],
    ['<script>if (location == "/next") {}</script>', undefined],
  ])("a script goes: %s → %s", (html, address) => {
    expect(read(html).script.waysOn(SHOWN).address).toBe(address);
  });

  it("is read in reasonable time, however odd it is", () => {
    const odd = [
      "<",
      "<div>",
      "<form><input>",
      '<meta http-equiv="refresh" content="',
      "Wicket.Ajax.ajax({",
      "&amp",
      " ;",
    ];
    for (const piece of odd) expect(read(piece.repeat(2000)).url).toBe(SHOWN);
  });
});

it("a form that opens between the tags of a table has the fields that follow it", () => {
  const html = `<table><form id="a" action="/in" method="post"><tr><td><input name="user"><input type="password" name="pass"></td></tr></form></table>
    <form action="/search"><input name="q"></form>`;
  const page = readPage(html, new URL("https://auth.example/portal/login"));
  expect(page.forms.map((form) => form.controls.map((control) => control.name))).toEqual([["user", "pass"], ["q"]]);
});
