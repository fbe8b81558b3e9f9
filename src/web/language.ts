import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { isLanguage, languageFrom, shell } from "./page/shell.js";

const COOKIE = "caruna_integration_language";
const COOKIE_SECONDS = 365 * 24 * 3600;

/**
 * The page, in the language that its reader chose once (`?lang=fi`, `sv` or `en`, which a cookie then keeps), or else in the
 * browser's.
 */
export function answerPage(context: Context): Response | Promise<Response> {
  const wanted = context.req.query("lang") ?? "";
  if (isLanguage(wanted)) {
    // Also sent along where a link on another site leads here: it tells nothing.
    setCookie(context, COOKIE, wanted, { httpOnly: true, sameSite: "Lax", path: "/", maxAge: COOKIE_SECONDS });
    return context.redirect("/", 303);
  }
  const chosen = getCookie(context, COOKIE) ?? "";
  const language = isLanguage(chosen) ? chosen : languageFrom(context.req.header("Accept-Language"));
  return context.html(shell(language), 200, { Vary: "Accept-Language, Cookie" });
}
