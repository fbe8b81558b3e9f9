import { readFileSync } from "node:fs";
import { z } from "zod";

const datasource = z.object({ type: z.string(), uid: z.string() });
const target = z.object({
  refId: z.string(),
  datasource,
  format: z.enum(["time_series", "table"]),
  rawQuery: z.literal(true),
  rawSql: z.string(),
});
const panel = z.object({
  id: z.number(),
  title: z.string(),
  type: z.string(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  targets: z.array(target).optional(),
});
const variable = z.object({
  name: z.string(),
  type: z.enum(["datasource", "query"]),
  query: z.string(),
  datasource: datasource.optional(),
  current: z.object({ value: z.string().optional() }),
});
const dashboard = z.object({
  id: z.null(),
  uid: z.string(),
  timezone: z.string(),
  templating: z.object({ list: z.array(variable) }),
  panels: z.array(panel),
});

export type Dashboard = z.infer<typeof dashboard>;

/** One query of the dashboard. */
export interface DashboardQuery {
  readonly panel: string;
  readonly format: "time_series" | "table";
  readonly sql: string;
}

/** The dashboard that Grafana is provisioned with. */
export function readDashboard(): Dashboard {
  const file = new URL("../../deploy/grafana/dashboards/energy.json", import.meta.url);
  return dashboard.parse(JSON.parse(readFileSync(file, "utf8")));
}

/** Every query of its panels. */
export function queriesOf({ panels }: Dashboard): DashboardQuery[] {
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ format, rawSql }) => ({ panel: title, format, sql: rawSql })),
  );
}

/** What a person has chosen at the top of a dashboard. */
export interface Chosen {
  readonly fromEpochMs: number;
  readonly toEpochMs: number;
  /** Values of the variables by name. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Puts a query into the words that Grafana sends to PostgreSQL: the macros of its PostgreSQL data source
 * (grafana.com/docs, "PostgreSQL query editor"), and variables in their format `sqlstring`.
 *
 * @throws Error for a macro or a variable that is not known here, which Grafana would send on as it stands.
 */
export function expand(sql: string, { fromEpochMs, toEpochMs, variables }: Chosen): string {
  const from = `'${new Date(fromEpochMs).toISOString()}'`;
  const to = `'${new Date(toEpochMs).toISOString()}'`;
  const expanded = sql
    .replaceAll(/\$__timeFilter\(([^()]+)\)/g, (_, column: string) => `${column} BETWEEN ${from} AND ${to}`)
    .replaceAll("$__timeFrom()", from)
    .replaceAll("$__timeTo()", to)
    .replaceAll(/\$\{(\w+):sqlstring\}/g, (whole, name: string) => {
      const value = variables[name];
      return value === undefined ? whole : `'${value.replaceAll("'", "''")}'`;
    });
  const left = /\$(__\w+|\{[^}]*\}|[a-z]\w*)/.exec(expanded)?.[0];
  if (left !== undefined) throw new Error(`${left} stays as it is in: ${expanded}`);
  return expanded;
}
