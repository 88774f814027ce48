/** Where the reader is: `#/jobs/ID?state=failed`. All of it is in the address, so that a link shows the same again. */
import { signal } from '@preact/signals';

export interface Route {
  page: string;
  /** The job or the type that a page is about. */
  id: string;
  query: Record<string, string>;
}

export type Query = Record<string, string | undefined>;

export function read(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#?\/?/, '').split(/\?(.*)/s);
  const [page = '', id = ''] = path.split('/');
  return { page: page || 'overview', id: decoded(id), query: Object.fromEntries(new URLSearchParams(search)) };
}

/** Empty and missing members of `query` are left out. Whatever is stored in a name stays inside its place. */
export function href(page: string, id = '', query: Query = {}): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => !!pair[1]);
  const search = given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return `#/${page}${id && '/' + encodeURIComponent(id)}${search && '?' + search}`;
}

export const route = signal<Route>(read(''));

export function follow(): void {
  const now = () => {
    route.value = read(location.hash);
  };
  addEventListener('hashchange', now);
  now();
}

export function go(to: string): void {
  location.hash = to;
}

/** Changes the query in place: filters make no step of the Back button each. */
export function refine(change: Query): void {
  const { page, id, query } = route.value;
  history.replaceState(null, '', href(page, id, { ...query, ...change }));
  route.value = read(location.hash);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
