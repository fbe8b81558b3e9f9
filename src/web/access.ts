import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { isIPv6 } from "node:net";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { isLoopback } from "../shared/loopback.js";

const COOKIE = "caruna_integration";
const COOKIE_SECONDS = 365 * 24 * 3600;

/**
 * Lets in who shows the token: a browser once as `?token=`, for which it gets a cookie and the address without the token;
 * a program as a bearer token with each request. The cookie is made from the token and does not tell it, so that it lasts
 * over restarts and ends with the token.
 */
export function tokenCheck(token: string): MiddlewareHandler {
  const cookie = createHmac("sha256", token).update("cookie of the page").digest("base64url");
  return async (context, next) => {
    const shown = context.req.query("token");
    if (shown !== undefined && isSame(shown, token)) {
      setOwnCookie(context, COOKIE, cookie, "Strict");
      return context.redirect(withoutToken(context.req.url), 303);
    }
    const bearer = /^Bearer +(\S+)$/i.exec(context.req.header("Authorization") ?? "")?.[1];
    const isKnown = isSame(getCookie(context, COOKIE), cookie) || isSame(bearer, token);
    if (isKnown) return await next();
    context.header("WWW-Authenticate", "Bearer");
    const problem = `${shown === undefined ? "The token is missing" : "This is not the token"}: ${HOW_TO_SHOW_IT}`;
    return context.req.path.startsWith("/api/")
      ? context.json({ error: problem }, 401)
      : context.html(refusal(problem, toPage(context.req.path)), 401);
  };
}

const HOW_TO_SHOW_IT =
  "add ?token= and the value of HTTP_TOKEN to the address once, and this browser is let in from then on.";

/** A browser that was led here by a link on another site has its cookie now, and shows it from its next step on. */
function refusal(problem: string, toPage: string): string {
  return (
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>caruna-integration</title><p>${problem}</p>` +
    `<p>Did you come here by a link that holds the token? Then <a href="${toPage}">go on</a>.</p></html>`
  );
}

/** By their digests, so that neither length nor content can be found out by the time that it takes. */
function isSame(given: string | undefined, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given ?? ""), digest(expected));
}

/** Relative to the address itself: a proxy may have put it below another path. It leads nowhere else, whatever stands in it. */
function withoutToken(address: string): string {
  const url = new URL(address);
  url.searchParams.delete("token");
  return `./${url.pathname.split("/").at(-1)}${url.search}`;
}

/** The page, relative to a path of this server. */
function toPage(path: string): string {
  return "../".repeat(path.split("/").length - 2) || "./";
}

/**
 * A cookie without a path: it belongs to the folder of the address as the browser knows it, behind a proxy that puts this
 * server below a path too.
 */
export function setOwnCookie(context: Context, name: string, value: string, sameSite: "Strict" | "Lax"): void {
  const attributes = `Max-Age=${COOKIE_SECONDS}; HttpOnly; SameSite=${sameSite}`;
  context.header("Set-Cookie", `${name}=${encodeURIComponent(value)}; ${attributes}`, { append: true });
}

/**
 * Refuses requests for a name that is not this machine's. A site that has its own name lead to 127.0.0.1 (DNS rebinding)
 * could read the page otherwise. Behind a token there is no need: the cookie is never sent under another name.
 */
export function hostCheck(ownHost: string): MiddlewareHandler {
  return async (context, next) => {
    const { hostname } = new URL(context.req.url);
    const isThisMachine = isLoopback(hostname) || hostname.endsWith(".localhost");
    if (isThisMachine || hostname === inAddress(ownHost).toLowerCase()) return await next();
    return context.text("This page is served for this machine alone, under 127.0.0.1 and localhost.\n", 421);
  };
}

/**
 * Refuses what another site asks for inside its own pages (a script, an image, a frame, a `fetch`): it could not read the
 * answer, but it would have the database work, and learn something from how long that takes. Links lead here all the same.
 */
export const ownSiteCheck: MiddlewareHandler = async (context, next) => {
  const site = context.req.header("Sec-Fetch-Site");
  const origin = context.req.header("Origin");
  // Browsers tell the first only to addresses that they trust: this machine's, and those behind TLS.
  const isForeign =
    site === undefined ? origin !== undefined && origin !== new URL(context.req.url).origin : !OWN_SITE.includes(site);
  const isLink =
    context.req.header("Sec-Fetch-Mode") === "navigate" && context.req.header("Sec-Fetch-Dest") === "document";
  if (!isForeign || isLink) return await next();
  return context.text("This page answers no other site's pages.\n", 403);
};

/** The page itself, and what a person typed or has among the bookmarks. */
const OWN_SITE = ["same-origin", "none"];

/** A host as it stands in an address. */
export function inAddress(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
