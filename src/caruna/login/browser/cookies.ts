import type { BrowserContext } from "playwright-core";
import { Cookie, type CookieJar } from "tough-cookie";

const SAME_SITE = { strict: "Strict", lax: "Lax", none: "None" } as const;

/** Gives the browser the cookies of the login so far. */
export async function copyToBrowser(jar: CookieJar, context: BrowserContext): Promise<void> {
  const cookies = (jar.serializeSync()?.cookies ?? []).flatMap((serialized) => Cookie.fromJSON(serialized) ?? []);
  await context.addCookies(
    cookies.map(({ key, value, domain, hostOnly, path, expires, httpOnly, secure, sameSite }) => ({
      ...{ name: key, value, httpOnly, secure, path: path ?? "/" },
      domain: hostOnly === false ? `.${domain}` : (domain ?? ""),
      expires: expires instanceof Date ? expires.getTime() / 1000 : -1,
      sameSite: (sameSite === "strict" || sameSite === "none" ? SAME_SITE[sameSite] : undefined) ?? SAME_SITE.lax,
    })),
  );
}

/** Takes over the cookies of the browser, its scripts' own among them, in place of those of before. */
export async function copyFromBrowser(context: BrowserContext, jar: CookieJar): Promise<void> {
  const cookies = await context.cookies();
  await jar.removeAllCookies();
  for (const { name, value, domain, path, expires, httpOnly, secure, sameSite } of cookies) {
    const host = domain.replace(/^\./, "");
    const cookie = new Cookie({
      ...{ key: name, value, path, httpOnly, secure, sameSite: sameSite.toLowerCase() },
      ...(domain.startsWith(".") ? { domain: host } : {}),
      ...(expires === -1 ? {} : { expires: new Date(expires * 1000) }),
    });
    await jar.setCookie(cookie, `${secure ? "https" : "http"}://${host}${path}`, { ignoreError: true });
  }
}
