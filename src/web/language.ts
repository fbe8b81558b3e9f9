import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { setOwnCookie } from "./access.js";
import { isLanguage, languageFrom, shell } from "./page/shell.js";

const COOKIE = "caruna_integration_language";

/**
 * The page, in the language that its reader chose once (`?lang=fi`, `sv` or `en`, which a cookie then keeps), or else in the
 * browser's.
 */
export function answerPage(context: Context): Response | Promise<Response> {
  const wanted = context.req.query("lang") ?? "";
  if (isLanguage(wanted)) {
    // Also sent along where a link on another site leads here: it tells nothing.
    setOwnCookie(context, COOKIE, wanted, "Lax");
    return context.redirect("./", 303);
  }
  const chosen = getCookie(context, COOKIE) ?? "";
  const language = isLanguage(chosen) ? chosen : languageFrom(context.req.header("Accept-Language"));
  return context.html(shell(language), 200, { Vary: "Accept-Language, Cookie" });
}
