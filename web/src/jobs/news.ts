/** What a fresh look at a list means for the rows on the screen: they stay where they are, and change in place. */

export interface Merged<T> {
  rows: T[];
  /** New ones, not shown before the reader wants them. */
  fresh: number;
}

export function merge<T extends { task_id: string }>(shown: T[], latest: T[]): Merged<T> {
  const found = new Map(latest.map((row) => [row.task_id, row]));
  const rows = shown.map((row) => found.get(row.task_id) ?? row);
  const known = new Set(shown.map((row) => row.task_id));
  return { rows, fresh: latest.filter((row) => !known.has(row.task_id)).length };
}
