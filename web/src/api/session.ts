/** Who the reader is, and so which buttons there are. */
import { signal } from '@preact/signals';
import { get, locked, post, remove } from './call';
import type { Me, Scope } from './types';

export const me = signal<Me | null>(null);

/** Whether the reader may do what needs `scope`. The server asks again; this only spares buttons that would be refused. */
export function may(scope: Scope): boolean {
  const known = me.value;
  return !!known && (!known.keys || known.scopes.includes(scope) || known.scopes.includes('admin'));
}

export async function meet(): Promise<void> {
  me.value = await get<Me>('me');
  locked.value = false;
}

export async function logIn(key: string): Promise<void> {
  await post('session', { key });
  await meet();
}

export async function logOut(): Promise<void> {
  await remove('session');
  me.value = null;
  locked.value = true;
}
