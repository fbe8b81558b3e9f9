import { expect, test } from "vitest";
import { costsThroughTwoDays, cycleCosts } from "./cycle-costs.js";

test("a cycle with nothing due costs the same for five metering points and for twenty, and asks Caruna+ nothing", async () => {
  const few = await cycleCosts(5);
  const many = await cycleCosts(20);
  expect(few.idle).toEqual(many.idle);
  expect(many.idle).toMatchObject({ periods: 0, requests: 0 });
  expect(many.idle.statements).toBeLessThan(50);
  expect([...few.differences, ...many.differences]).toEqual([]);
});

test("a new day costs a metering point the same, however many there are", async () => {
  const some = await cycleCosts(8);
  const twice = await cycleCosts(16);
  const ofOne = twice.nextDay.requests / 16;
  expect(ofOne).toBeLessThanOrEqual(some.nextDay.requests / 8);
  expect(ofOne).toBeLessThan(6);
  expect(twice.nextDay.statements / 16).toBeLessThanOrEqual(some.nextDay.statements / 8);
  expect(twice.differences).toEqual([]);
});

test("a day of hourly cycles asks for what is new, and makes its checks together, as far as they are few", async () => {
  const { hours, differences } = await costsThroughTwoDays(30);
  expect(differences).toEqual([]);
  const requests = hours.slice(-24).map((hour) => hour.requests);
  // The new day and two months to compare of each, once in a while its year; and the logins, one for each time of checks.
  expect(requests.reduce((sum, count) => sum + count, 0) / 30).toBeLessThan(6);
  expect(requests.filter((count) => count > 0).length).toBeLessThan(6);
});
