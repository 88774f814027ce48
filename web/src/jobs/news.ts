/** What a fresh look at a list means for the rows on the screen: they stay where they are, and change in place. */

export interface Merged<T> {
  rows: T[];
  /** New ones, not shown before the reader wants them. */
  fresh: number;
  /** Rows that are in the list no more; known only if `latest` is all of it. */
  gone: Set<string>;
}

export function merge<T extends { task_id: string }>(shown: T[], latest: T[], isWhole = false): Merged<T> {
  const found = new Map(latest.map((row) => [row.task_id, row]));
  const rows = shown.map((row) => found.get(row.task_id) ?? row);
  const known = new Set(shown.map((row) => row.task_id));
  const gone = isWhole ? shown.filter((row) => !found.has(row.task_id)).map((row) => row.task_id) : [];
  return { rows, gone: new Set(gone), fresh: latest.filter((row) => !known.has(row.task_id)).length };
}
