/** Reads on until a page is full. The server looks at a bounded number of records a call, so a page can come back empty. */

/** After this many calls the reader is asked whether to look further. */
const MOST_CALLS = 12;

export interface Part<T> {
  rows: T[];
  next: string | null;
  examined: number;
}

export async function collect<T>(
  load: (cursor: string) => Promise<Part<T>>,
  want: number,
  from = '',
  most = MOST_CALLS,
): Promise<Part<T>> {
  const rows: T[] = [];
  let next: string | null = from;
  let examined = 0;
  for (let calls = 0; calls < most && next !== null && rows.length < want; calls++) {
    const part: Part<T> = await load(next);
    rows.push(...part.rows);
    examined += part.examined;
    next = part.next;
  }
  return { rows, next, examined };
}
