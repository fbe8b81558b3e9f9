import { Command } from "commander";
import { type ComesBack, type ForgetPlan, type ForgottenPoint, forget } from "../app/index.js";
import { configuration, quietLogger, untilSignal } from "./configured.js";
import { agreed } from "./confirm.js";
import { counted, print, wallTime } from "./output.js";

interface ForgetOptions {
  readonly account?: true;
  readonly yes?: true;
}

/** `forget POINT | --account [--yes]`: removes everything that is stored of it, after showing what that is. */
export function forgetCommand(): Command {
  return new Command("forget")
    .argument("[point]", "id, asset id of today or GSRN of a metering point")
    .option("--account", "the account of CARUNA_USER with all its metering points, failed logins and the saved session")
    .option("--yes", "do not ask")
    .action(async (point: string | undefined, { account, yes }: ForgetOptions, command: Command) => {
      if ((point === undefined) === (account === undefined))
        command.error("error: name a metering point, or --account; one of the two");
      const settings = configuration({ needsAccount: false });
      const wanted =
        point === undefined ? ({ kind: "account" } as const) : ({ kind: "metering point", named: point } as const);
      const confirm = async (plan: ForgetPlan) => {
        print(planInWords(plan, wanted.kind === "account"));
        return yes === true || (await agreed("Remove all of this? It cannot be undone.", command));
      };
      const removed = await forget(settings, quietLogger(settings), wanted, confirm, untilSignal());
      if (removed === undefined) return print("Nothing was changed.");
      const hours = removed.points.reduce((sum, point) => sum + point.hours, 0);
      print(`Removed: ${counted(removed.points.length, "metering point")} with ${counted(hours, "hour")}.`);
    });
}

function planInWords(plan: ForgetPlan, isAccount: boolean): string {
  const lines = ["To be removed:", ...plan.points.flatMap(pointInLines)];
  if (isAccount) {
    lines.push("the account: its entry, its marks, the saved session");
    if (plan.guardEntries > 0)
      lines.push("  what is remembered of failed logins; a rejected password may be posted again");
  }
  lines.push("", ...staysInLines(plan), ...returnsInLines(plan.points, isAccount));
  return lines.join("\n");
}

function pointInLines({ id, address, hours, oldestHourEpochMs, newestHourEpochMs, ...rest }: ForgottenPoint): string[] {
  const reach =
    oldestHourEpochMs === null || newestHourEpochMs === null
      ? ""
      : `, ${wallTime(oldestHourEpochMs)} to ${wallTime(newestHourEpochMs)}`;
  const mirrored =
    rest.mirrored === null ? [] : [`  energy_hourly  ${counted(rest.mirrored, "row")} that show these hours`];
  const setAside = rest.setAside.map(({ table, rows }) => `  ${table}  ${counted(rows, "row")} that show these hours`);
  const refusals = rest.refusals === 0 ? [] : [`  refusals       ${rest.refusals}`];
  return [
    `metering point ${id}${address === "" ? "" : `, ${address}`}`,
    `  hours          ${hours.toLocaleString("en")}${reach}`,
    ...mirrored,
    ...setAside,
    `  remembered     ${rest.periods.toLocaleString("en")} days, months and years`,
    ...refusals,
  ];
}

function staysInLines({ otherRows, pointsOfNobody }: ForgetPlan): string[] {
  const lines = [
    "What stays: backups that were made before, and data that upgrade-database has kept. Delete them yourself.",
  ];
  if (otherRows > 0)
    lines.push(
      `${counted(otherRows, "row")} of energy_hourly stay too: an older program wrote them at hours that this one has not stored, ` +
        "and nothing proves whose they are.",
    );
  if (pointsOfNobody > 0)
    lines.push(
      `${counted(pointsOfNobody, "metering point")} that no account lists now stay: this database has several accounts, and whose they ` +
        "were is not known. Forget them one by one.",
    );
  return lines;
}

function returnsInLines(points: readonly ForgottenPoint[], isAccount: boolean): string[] {
  if (isAccount)
    return [
      "A program that runs with this account loads again whatever Caruna+ shows it: end it, and take CARUNA_USER and CARUNA_PASSWORD " +
        "out of its settings.",
    ];
  return points.map(({ comesBack, customer }) => RETURNS[comesBack](customer));
}

const RETURNS: Readonly<Record<ComesBack, (customer: string) => string>> = {
  "while it is listed": (customer) =>
    "As long as Caruna+ lists it to an account that loads into this database, it comes back with all its hours: with the next cycle, or the " +
    `next day's list at the latest. To prevent that, set CARUNA_CUSTOMERS to the customer numbers that you want, without ${customer}, and start ` +
    "the program again with it, before you answer here; or end the program for good.",
  "left out by CARUNA_CUSTOMERS": (customer) =>
    `CARUNA_CUSTOMERS leaves out customer ${customer}: a program with these settings does not load it again.`,
  "not listed now": () =>
    "No account of this database has it in its list at present. A program whose account lists it loads it again.",
};
