import type { KnownMeteringPoint, SeenMeteringPoint } from "./metering-points.js";

type Listed = Pick<SeenMeteringPoint, "assetId" | "gsrn" | "kind">;
type Known = Pick<KnownMeteringPoint, "id" | "assetId" | "gsrn" | "kind" | "lastSeenEpochMs">;

/**
 * Which metering points of the database those of a list are: their ids, by today's asset id. One is known by its asset id;
 * else by its GSRN and kind, where the asset id of before is listed no more. A new one is given its asset id, or another id
 * where that one is taken.
 */
export function identify(listed: readonly Listed[], known: readonly Known[]): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  const newestFirst = [...known].sort((one, other) => other.lastSeenEpochMs - one.lastSeenEpochMs);
  const unmatched = listed.filter(({ assetId }) => {
    const same = newestFirst.find((point) => point.assetId === assetId);
    if (same !== undefined) ids.set(assetId, same.id);
    return same === undefined;
  });
  const taken = new Set(ids.values());
  const give = (assetId: string, id: string) => {
    ids.set(assetId, id);
    taken.add(id);
  };
  const added = unmatched.filter(({ assetId, gsrn, kind }) => {
    const isSame = (point: Known) =>
      gsrn !== null &&
      (point.gsrn === gsrn || point.id === gsrn) &&
      (point.kind === null || point.kind === kind) &&
      !taken.has(point.id);
    const renamed = newestFirst.find(isSame);
    if (renamed !== undefined) give(assetId, renamed.id);
    return renamed === undefined;
  });
  for (const { id } of known) taken.add(id);
  for (const { assetId, gsrn, kind } of added) {
    const candidates = [assetId, ...(gsrn === null ? [] : [gsrn, `${gsrn} ${kind}`])];
    let id = candidates.find((candidate) => !taken.has(candidate));
    for (let copy = 2; id === undefined; copy += 1) if (!taken.has(`${assetId} ${copy}`)) id = `${assetId} ${copy}`;
    give(assetId, id);
  }
  return ids;
}
