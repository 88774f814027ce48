/** Which jobs are looked at: in the address as people read it, and as the API asks. */
import type { Query } from '../route';

/** Spans that a reader picks; in the address they stay relative, so that a kept link shows the last hour of its day. */
export const SPANS: Record<string, number> = { '15m': 15, '1h': 60, '8h': 480, '24h': 1440, '7d': 10_080 };

/** As POST /bulk takes it, and GET /jobs. */
export interface Filter {
  queue_name?: string;
  state?: string;
  task_type?: string;
  tag?: string;
  text?: string;
  text_in?: string;
  fingerprint?: string;
  worker?: string;
  since?: string;
  until?: string;
}

/** The filter that the address describes. `now` in milliseconds since 1970. */
export function filterOf(query: Record<string, string>, now: number): Filter {
  const minutes = SPANS[query.within ?? ''];
  const filter: Query = {
    queue_name: query.queue,
    state: query.state,
    task_type: query.type,
    tag: query.tag,
    text: query.text,
    text_in: query.text && query.in,
    fingerprint: query.fingerprint,
    worker: query.worker,
    since: minutes ? new Date(now - minutes * 60_000).toISOString() : query.since,
    until: minutes ? undefined : query.until,
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value));
}

/** `datetime-local` has no zone: it means the reader's own. Empty if it is no time. */
export function utc(local: string): string {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
}

/** The other way, for showing what the address says. */
export function local(utc: string | undefined): string {
  const at = new Date(utc ?? '');
  if (Number.isNaN(at.getTime())) return '';
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const UUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** An id in the search box leads to its job. */
export const isId = (text: string): boolean => UUID.test(text.trim());
