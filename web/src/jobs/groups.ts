/** Failures of the same fingerprint, put together from the pages of GET /failures. */
import type { FailureGroup } from '../api/types';

/** Latest failure first; the message and the sample are those of the latest one. */
export function mergeGroups(known: FailureGroup[], more: FailureGroup[]): FailureGroup[] {
  const all = new Map<string, FailureGroup>();
  for (const group of [...known, ...more]) {
    const before = all.get(group.fingerprint);
    all.set(group.fingerprint, before ? together(before, group) : group);
  }
  return [...all.values()].sort((a, b) => (a.last_seen < b.last_seen ? 1 : -1));
}

function together(a: FailureGroup, b: FailureGroup): FailureGroup {
  const latest = a.last_seen >= b.last_seen ? a : b;
  return {
    ...latest,
    count: a.count + b.count,
    first_seen: a.first_seen < b.first_seen ? a.first_seen : b.first_seen,
    queues: [...new Set([...a.queues, ...b.queues])],
  };
}
