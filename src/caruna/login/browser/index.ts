import { setTimeout as delay } from "node:timers/promises";
import type { BrowserContext, Frame, Page as Tab } from "playwright-core";
import type { CookieJar } from "tough-cookie";
import type { Logger } from "../../../shared/logger.js";
import { CarunaError, CarunaUnreachable, LoginChanged } from "../../errors.js";
import type { ProxySettings } from "../../http/proxy.js";
import { type HttpResponse, keepAliveTransport, type Transport, type TransportLimits } from "../../http/transport.js";
import { maskedPath } from "../../masking.js";
import { wayOn } from "../choices.js";
import { type Account, credentialsForm, type Submission, submitButton, userNameForm } from "../forms.js";
import { judge, LostSession, refuseMaintenance } from "../judgement.js";
import {
  changed,
  errorPage,
  formForUserName,
  isErrorGenericPage,
  keyOf,
  passwordForm,
  type Situation,
  serverTrouble,
} from "../login-pages.js";
import { type Control, isWeb, type Page, readPage } from "../page.js";
import type { TranscriptRecorder } from "../transcript.js";
import * as words from "../words.js";
import { fillIn, liveElement, press } from "./actions.js";
import { copyFromBrowser, copyToBrowser } from "./cookies.js";
import { BrowserNotStarted, type LaunchedBrowser, launchBrowser } from "./launched.js";
import { Network, type NetworkOptions } from "./network.js";
import { PasswordTrace } from "./password-trace.js";
import { type Snapshot, snapshotOf } from "./snapshot.js";

type OfNetwork = Pick<NetworkOptions, "hosts" | "retry" | "beginPost" | "callbackIn" | "signal">;

export { BrowserNotStarted } from "./launched.js";

export interface BrowserLoginOptions extends OfNetwork {
  readonly executable: string;
  readonly profileFolder: string;
  readonly account: Account;
  /** The cookies of the login so far, and afterwards those that the browser has. */
  readonly jar: CookieJar;
  /** The page to go on from; with what came of it, it is not asked for again. */
  readonly from: { readonly url: URL; readonly response: HttpResponse | undefined };
  readonly isUserNamePosted: boolean;
  /** Writes the exchanges down, and at the end the page as it is shown; undefined where nobody wants them. */
  readonly recorder: TranscriptRecorder | undefined;
  readonly limits: TransportLimits;
  readonly proxy: ProxySettings | undefined;
  readonly logger: Logger;
}

/*
 * A browser lives in the time of this machine: these are waited for real, whatever clock the client was given.
 */
/** How often the page is looked at while it changes. */
const LOOK_MS = 150;
/** A page counts as complete when nothing was asked for, and nothing has changed, for so long. */
const QUIET_MS = 300;
/** Some pages are never quiet: they are read all the same. */
const LONGEST_UNREST_MS = 8_000;
/** How long a person waits for a page to go on. */
const PATIENCE_MS = 10_000;
/** A button may become one that can be pressed when the fields are filled in. */
const BUTTON_WAIT_MS = 2_000;
/** No login has as many pages to press something on. */
const MAX_ACTIONS = 25;

/**
 * Goes on with a login in a real browser: it runs the pages' scripts, and what is typed and pressed is decided by the same
 * rules as without it. Returns what the identity provider leads back to the portal with.
 *
 * Throws what the login throws, and `BrowserNotStarted`.
 */
export async function passInBrowser(options: BrowserLoginOptions): Promise<URLSearchParams> {
  const { executable, profileFolder, logger, signal, jar, from, limits, proxy, recorder, account } = options;
  signal.throwIfAborted();
  logger.info({ page: maskedPath(from.url) }, "the login goes on in a real browser, which can run the page's scripts");
  const [pooled, single] = [keepAliveTransport(limits, proxy), keepAliveTransport(limits, proxy)];
  const recorded = (send: Transport) => recorder?.transport(send, jar) ?? send;
  let browser: LaunchedBrowser | undefined;
  try {
    browser = await launchBrowser(executable, profileFolder, logger);
    const network = new Network({
      ...{ ...options, devtools: browser.devtools, trace: new PasswordTrace(account) },
      ...{ send: recorded(pooled.send), sendPassword: recorded(single.send), sendForParts: pooled.send },
    });
    const callback = await new BrowserLogin(options, browser.context, network).run();
    await copyFromBrowser(browser.context, jar);
    return callback;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CarunaError || error instanceof LostSession || error instanceof BrowserNotStarted) throw error;
    // The driver's own messages quote what is typed.
    throw new CarunaUnreachable("the browser that passes its login stopped unexpectedly");
  } finally {
    await browser?.close();
    pooled.close();
    single.close();
  }
}

/** A frame as it is shown now. */
interface Look {
  readonly frame: Frame;
  readonly page: Page;
  readonly html: string;
  readonly snapshot: Snapshot;
}

class BrowserLogin {
  readonly #options: BrowserLoginOptions;
  readonly #context: BrowserContext;
  readonly #network: Network;
  #passwordPage: Page | undefined;
  /** The document that took the password. */
  #passwordDocument: unknown;
  #isUserNamePosted: boolean;
  readonly #sentForms = new Set<string>();
  #looks: readonly Look[] = [];

  constructor(options: BrowserLoginOptions, context: BrowserContext, network: Network) {
    this.#options = options;
    this.#context = context;
    this.#network = network;
    this.#isUserNamePosted = options.isUserNamePosted;
  }

  async run(): Promise<URLSearchParams> {
    const { jar, from } = this.#options;
    await this.#network.start();
    await copyToBrowser(jar, this.#context);
    const tab = await this.#context.newPage();
    const devtools = await this.#context.newCDPSession(tab);
    const { frameTree } = await devtools.send("Page.getFrameTree");
    this.#network.showsPagesIn(frameTree.frame.id);
    if (from.response !== undefined) this.#network.give(from.url, from.response);
    // Whether and what it loads is seen below.
    void tab.goto(from.url.href, { waitUntil: "commit" }).catch(() => {});
    try {
      return await Promise.race([this.#network.ended, this.#walk()]);
    } catch (error) {
      const [look] = this.#looks;
      if (look !== undefined) await this.#recordShown(look);
      if (!(error instanceof LoginChanged)) throw error;
      throw new LoginChanged({ ...error, found: `${error.found}${this.#network.refusedInWords}` });
    }
  }

  /** The page as its scripts have made it, for the transcript. */
  async #recordShown({ page, html }: Look): Promise<void> {
    const { recorder, jar, signal } = this.#options;
    const asShown: Transport = async () => ({ status: 200, headers: new Map(), body: html });
    await recorder?.transport(asShown, jar)({ method: "GET", url: page.url }, signal);
    recorder?.takenFor("as the browser shows it");
  }

  /** Looks at the page, does what a person would do, and waits for what comes of it. */
  async #walk(): Promise<URLSearchParams> {
    let [actions, sinceMs, shown, actedOn] = [0, performance.now(), "", ""];
    while (!this.#network.isOver) {
      const looks = await this.#settled();
      const now = fingerprintOf(looks);
      if (now !== shown) sinceMs = performance.now();
      shown = now;
      let problem: LoginChanged | undefined;
      try {
        if (now !== actedOn && (await this.#act(looks))) {
          actedOn = now;
          actions += 1;
          sinceMs = performance.now();
        }
      } catch (error) {
        // What a page is short of may still come.
        if (!(error instanceof LoginChanged)) throw error;
        problem = error;
      }
      const isWaiting = this.#network.isPasswordUnderWay;
      if (actions > MAX_ACTIONS || (!isWaiting && performance.now() - sinceMs > PATIENCE_MS))
        throw this.#stuck(looks, actedOn === now, problem);
      await this.#pause(LOOK_MS);
    }
    return await this.#network.ended;
  }

  async #pause(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.#options.signal });
  }

  /** The frames, the outermost first, when they have come to rest. */
  async #settled(): Promise<readonly Look[]> {
    const until = performance.now() + LONGEST_UNREST_MS;
    let last = "";
    for (;;) {
      const looks = await this.#look();
      const now = fingerprintOf(looks);
      const isQuiet = now === last && looks.length > 0 && this.#network.quietForMs >= QUIET_MS;
      if (isQuiet || performance.now() > until || this.#network.isOver) return looks;
      last = now;
      await this.#pause(LOOK_MS);
    }
  }

  async #look(): Promise<readonly Look[]> {
    for (const { snapshot } of this.#looks) await snapshot.dispose();
    const tab = this.#context.pages().at(-1);
    const frames = tab === undefined ? [] : await shownFrames(tab);
    const looks = await Promise.all(frames.map(lookAt));
    this.#looks = looks.flatMap((look) => look ?? []);
    return this.#looks;
  }

  /** Does the next thing; returns false where there is nothing to do now. */
  async #act(looks: readonly Look[]): Promise<boolean> {
    for (const look of looks) if (await this.#actOn(look)) return true;
    return false;
  }

  async #actOn(look: Look): Promise<boolean> {
    const { page } = look;
    const { account } = this.#options;
    const situation = this.#situationOf(look);
    if (isErrorGenericPage(page.url)) throw new LostSession();
    serverTrouble(situation);
    judge(situation);
    // The button was pressed: until something was posted there is only to wait.
    if (this.#passwordPage !== undefined && !this.#network.isPasswordPosted) return false;
    const credentials = passwordForm(situation);
    if (credentials !== undefined) return await this.#sendPassword(credentials, look);
    const userName = formForUserName(situation);
    if (userName !== undefined) {
      this.#isUserNamePosted = await this.#sendTyped(userName, look, (now) => userNameForm(now, account)?.userName);
      return this.#isUserNamePosted;
    }
    errorPage(situation);
    refuseMaintenance(page, true);
    const way = wayOn(page, this.#passwordPage !== undefined, (form) => this.#sentForms.has(keyOf(form)));
    if (way === undefined) {
      refuseMaintenance(page);
      return false;
    }
    if (way.kind === "form") return await this.#sendAsShown(way.submission, look);
    const link = await liveElement(way.link, look.snapshot);
    if (link !== undefined) await press(link);
    return link !== undefined;
  }

  async #sendAsShown(submission: Submission, look: Look): Promise<boolean> {
    const isFilled = await fillIn(submission, look.snapshot);
    const button = submission.button && (await liveElement(submission.button, look.snapshot));
    if (!isFilled || button === undefined) return false;
    this.#sentForms.add(keyOf(submission.form));
    await press(button);
    return true;
  }

  async #sendPassword(submission: Submission, look: Look): Promise<boolean> {
    const { account } = this.#options;
    this.#passwordPage = look.page;
    this.#passwordDocument = this.#network.document;
    this.#network.passwordIsTyped();
    const fieldIn = (now: Page) => credentialsForm(now, account)?.password;
    const isSent = await this.#sendTyped(submission, look, fieldIn, () => this.#network.passwordIsSent());
    if (!isSent && !this.#network.isPasswordPosted) this.#passwordPage = undefined;
    return isSent;
  }

  /**
   * Fills a form in and sends it by its button, or by the Enter key where none can be pressed. The page is looked at again
   * in between, since its script may have changed it; `fieldIn` finds the field in which the key is pressed.
   */
  async #sendTyped(
    submission: Submission,
    look: Look,
    fieldIn: (page: Page) => Control | undefined,
    onSend = () => {},
  ): Promise<boolean> {
    if (!(await fillIn(submission, look.snapshot))) return false;
    const until = performance.now() + BUTTON_WAIT_MS;
    for (;;) {
      await this.#pause(LOOK_MS);
      const now = await lookAt(look.frame);
      const field = now && fieldIn(now.page);
      // It was sent by itself, as soon as the last field was filled in.
      if (now === undefined || field === undefined) return true;
      const form = now.page.forms.find(({ controls }) => controls.includes(field));
      const button = form && submitButton(form, now.page);
      const isSure = button !== undefined && (words.LOG_IN.test(button.label) || words.GOES_ON.test(button.label));
      if (isSure || performance.now() > until) {
        onSend();
        await this.#pressOrEnter(button, field, now.snapshot);
        await now.snapshot.dispose();
        return true;
      }
      await now.snapshot.dispose();
    }
  }

  async #pressOrEnter(button: Control | undefined, field: Control, snapshot: Snapshot): Promise<void> {
    const pressed = button && (await liveElement(button, snapshot));
    if (pressed !== undefined) return await press(pressed);
    const typed = await liveElement(field, snapshot);
    await typed?.press("Enter", { noWaitAfter: true });
  }

  #situationOf({ page, html }: Look): Situation {
    const { account, retry } = this.#options;
    const { document, passwordAnswer } = this.#network;
    // Until another page has come, this one shows what came of the password.
    const isAnswer = passwordAnswer !== undefined && document === this.#passwordDocument;
    const status = (isAnswer ? passwordAnswer : document?.response)?.status ?? 200;
    return {
      ...account,
      page,
      hop: {
        method: isAnswer || document?.method === "POST" ? "POST" : "GET",
        url: page.url,
        carriesPassword: isAnswer,
      },
      response: { status, headers: new Map(), body: html },
      answer: undefined,
      passwordPage: this.#network.isPasswordPosted ? this.#passwordPage : undefined,
      isUserNamePosted: this.#isUserNamePosted,
      sentForms: this.#sentForms,
      nowEpochMs: retry.now(),
      isAllowed: (url) => this.#options.hosts.allows(url),
    };
  }

  /** The error of a page that does not go on. */
  #stuck(looks: readonly Look[], wasPressed: boolean, problem: LoginChanged | undefined): Error {
    const [look] = looks;
    const { passwordAnswer } = this.#network;
    if (look === undefined) {
      const address = `GET ${maskedPath(this.#options.from.url)}`;
      return new LoginChanged({
        step: "page in the browser",
        address,
        expected: "a page",
        found: "none that can be read",
      });
    }
    const situation = this.#situationOf(look);
    // A script may have kept the reason to itself.
    if (passwordAnswer !== undefined && /^\s*[[{]/.test(passwordAnswer.body))
      judge({ ...situation, response: passwordAnswer });
    if (problem !== undefined) return problem;
    const what = wasPressed ? "a page that goes on when its button is pressed" : "a way on: a form, a button or a link";
    return changed(situation, what);
  }
}

async function shownFrames(tab: Tab): Promise<Frame[]> {
  const main = tab.mainFrame();
  const shown = await Promise.all(
    tab.frames().map(async (frame) => {
      if (frame === main) return [frame];
      const element = await frame.frameElement().catch(() => undefined);
      const box = await element?.boundingBox().catch(() => undefined);
      return box != null && box.width > 10 && box.height > 10 ? [frame] : [];
    }),
  );
  return shown.flat();
}

async function lookAt(frame: Frame): Promise<Look | undefined> {
  const own = new URL(frame.url() || "about:blank");
  // A frame that was written into a page has the address of the page.
  const url = isWeb(own) ? own : new URL(frame.parentFrame()?.url() ?? own);
  const snapshot = isWeb(url) ? await snapshotOf(frame) : undefined;
  if (snapshot === undefined) return undefined;
  return { frame, snapshot, html: snapshot.html, page: readPage(snapshot.html, url) };
}

/** What of a page tells it from another: neither what was typed nor how it is drawn. */
function fingerprintOf(looks: readonly Look[]): string {
  return looks
    .map(
      ({ page, html }) => `${page.url}\n${html.replace(/ (?:value|class|checked|data-number|tabindex)="[^"]*"/g, "")}`,
    )
    .join("\n");
}
