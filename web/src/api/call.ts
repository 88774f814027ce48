/** One request. The pages lie at `<prefix>/dashboard/`, so the API is one step up, under any prefix. */
import { signal } from '@preact/signals';
import type { Problem } from './types';
import type { Query } from '../route';

export const ROOT = '../api/v1/';

/** The server wants a key. */
export const locked = signal(false);

/** What the server refused, in its own words; or that it did not answer, with status 0. */
export class Refusal extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return JSON.parse(await getText(path, query, signal)) as T;
}

/** The answer as it was written, for what `JSON.parse` would round. */
export function getText(path: string, query: Query = {}, signal?: AbortSignal): Promise<string> {
  const given = Object.entries(query).filter((pair): pair is [string, string] => !!pair[1]);
  const search = new URLSearchParams(given).toString();
  return send('GET', search ? `${path}?${search}` : path, undefined, signal);
}

export async function post<T>(path: string, body: unknown = {}, signal?: AbortSignal): Promise<T> {
  return parsed<T>(await send('POST', path, JSON.stringify(body), signal));
}

/** `body` is JSON already: numbers in it keep their digits. */
export async function postText<T>(path: string, body: string): Promise<T> {
  return parsed<T>(await send('POST', path, body));
}

export async function remove(path: string): Promise<void> {
  await send('DELETE', path);
}

/** What to tell the reader of anything that was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
  return { title: 'Something went wrong', status: 0, code: '', detail: String(error) };
}

/** A path of fixed words and stored names; names cannot leave their place. */
export function path(words: TemplateStringsArray, ...names: string[]): string {
  return words.reduce((path, word, i) => path + encodeURIComponent(names[i - 1]!) + word);
}

async function send(method: string, path: string, body?: string, signal?: AbortSignal): Promise<string> {
  let answer: Response;
  try {
    answer = await fetch(ROOT + path, {
      method,
      body,
      signal,
      headers: { accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) },
      credentials: 'same-origin',
      cache: 'no-store',
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal({
      title: 'No answer',
      status: 0,
      code: 'no_answer',
      detail: 'The server does not answer. What you see is how it was; this page tries again.',
    });
  }
  const text = await answer.text();
  if (answer.ok) return text;
  const problem = refusedBy(answer, text);
  if (answer.status === 401 && path !== 'session') locked.value = true;
  throw new Refusal(problem);
}

function refusedBy(answer: Response, text: string): Problem {
  const unknown: Problem = {
    title: answer.statusText,
    status: answer.status,
    code: '',
    detail: `The server answered ${answer.status}.`,
  };
  try {
    return { ...unknown, ...(JSON.parse(text) as Problem) };
  } catch {
    return unknown; // a proxy's page, say
  }
}

function parsed<T>(text: string): T {
  return (text ? JSON.parse(text) : undefined) as T;
}
