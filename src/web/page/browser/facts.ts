import type { Overview, OverviewPoint } from "../../api.js";
import { element, part, table, terms } from "./elements.js";
import type { Format } from "./format.js";
import { heldBack, periodsLeft } from "./state.js";
import type { Words } from "./words.js";

/** The figures of a metering point, and of the program that loads it. */
export function showFacts(overview: Overview, point: OverviewPoint | undefined, words: Words, format: Format): void {
  part("sync").replaceChildren(...terms(syncTerms(overview, words, format)));
  part("point-facts").hidden = point === undefined;
  if (point === undefined) return;
  part("facts").replaceChildren(...terms(pointTerms(overview, point, words, format)));
  part("gaps").hidden = point.gaps.length === 0;
  const gaps = point.gaps.map(({ start, end }) => [
    format.instant(start),
    format.instant(end),
    format.number((end - start) / 3_600_000),
  ]);
  part("gap-table").replaceChildren(table(words.gapList, [words.gapStart, words.gapEnd, words.hours], gaps));
}

function syncTerms(
  { now, lastCycle, nextCycle, guard }: Overview,
  words: Words,
  format: Format,
): [string, ...(string | Node)[]][] {
  const last =
    lastCycle === null
      ? words.noSyncYet
      : `${format.relative(lastCycle.ended, now)}, ${lastCycle.problem === null ? words.syncWell : words.syncNotWell}`;
  const isHeld = guard.heldUntil !== null && guard.heldUntil > now;
  const rows: [string, ...(string | Node)[]][] = [
    [words.lastSync, last],
    [words.nextSync, nextCycle === null ? words.unknown : format.relative(Math.max(nextCycle, now), now)],
    [words.guard, isHeld ? heldBack(guard.heldUntil ?? 0, words, format) : words.guardOpen],
  ];
  if (guard.words !== null) rows.push([words.carunaSays, element("span", { lang: "fi" }, guard.words)]);
  if (guard.transcript !== null) rows.push([words.transcript, guard.transcript]);
  return rows;
}

function pointTerms(
  { now }: Overview,
  point: OverviewPoint,
  words: Words,
  format: Format,
): [string, ...(string | Node)[]][] {
  const left = periodsLeft(point);
  const rows: [string, ...(string | Node)[]][] = [
    [words.storedHours, words.hoursOf(format.number(point.hours), format.number(point.hoursExpected))],
    [words.missingHours, point.gapHours === 0 ? words.none : format.number(point.gapHours)],
    [words.firstHour, point.firstHour === null ? words.none : format.instant(point.firstHour)],
    [words.newestHour, point.lastHour === null ? words.none : format.instant(point.lastHour)],
    [words.verified, point.verified === null ? words.notComparedYet : format.relativeDay(point.verified, now)],
    [words.nextAsk, point.nextAsk === null ? words.nothingDue : format.relative(Math.max(point.nextAsk, now), now)],
    [words.lookBack, left === 0 ? words.lookBackDone : words.lookingBack(format.number(left))],
  ];
  if (point.product !== null) rows.push([words.product, element("span", { lang: "fi" }, point.product)]);
  if (point.fuse !== null) rows.push([words.fuse, `${point.fuse} A`]);
  if (point.gsrn !== null) rows.push([words.gsrn, point.gsrn]);
  rows.push([words.id, point.id], [words.followed, point.isFollowed ? words.followedYes : words.followedNo]);
  return rows;
}
