import type { Completeness, Overview, Series, SeriesBy } from "../../api.js";
import type { DaySpan } from "./days.js";

/** The program cannot be reached. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** It wants the token, which this browser has not handed over, or not since the program was started anew. */
export class NoAccess extends Error {
  override readonly name = "NoAccess";
}

/** It answered that it cannot; the message is its own. */
export class Refused extends Error {
  override readonly name = "Refused";
}

export async function askOverview(): Promise<Overview> {
  return await ask("api/overview");
}

/** The whole time that is stored, where no span is given. */
export async function askSeries(point: string, by: SeriesBy, span: DaySpan | undefined): Promise<Series> {
  return await ask(`api/series?${new URLSearchParams({ point, by, ...span })}`);
}

export async function askCompleteness(point: string, year: number): Promise<Completeness> {
  return await ask(`api/completeness?${new URLSearchParams({ point, year: String(year) })}`);
}

/** Where the hours can be downloaded, as the spreadsheets of that language read them; all hours where no span is given. */
export function downloadAddress(point: string, span: DaySpan | undefined, locale: string): string {
  return `download.csv?${new URLSearchParams({ point, ...span, locale })}`;
}

/** The page comes from the program that answers, so the shape of an answer is the one that `api.ts` states. */
async function ask<Answer>(address: string): Promise<Answer> {
  const response = await fetch(address).catch((error: unknown) => {
    throw new NoAnswer(String(error));
  });
  if (response.status === 401 || response.status === 403) throw new NoAccess("the token is missing");
  const body = await response.json().catch((error: unknown) => {
    throw new NoAnswer(String(error));
  });
  if (!response.ok) throw new Refused(typeof body?.error === "string" ? body.error : `${response.status}`);
  return body;
}
