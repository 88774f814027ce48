/** Small pieces of text: stored words, times, states, things to copy. */
import type { ComponentChildren } from 'preact';
import { now } from '../api/live';
import type { State } from '../api/types';
import { href } from '../route';
import { reveal } from '../text/reveal';
import { exact, instant, relative } from '../text/time';
import { copy } from './copy';

/** Stored text. It is kept apart from what stands around it, and nothing in it hides. */
export function Said({ text, clip }: { text: string; clip?: boolean }) {
  const shown = reveal(text);
  return (
    <bdi class={clip ? 'clip' : undefined} title={clip && shown.length > 24 ? shown.slice(0, 400) : undefined}>
      {shown}
    </bdi>
  );
}

/** `3 min ago`; the exact time on hover. */
export function When({ at }: { at: string | null | undefined }) {
  if (!at) return <span class="quiet">–</span>;
  return (
    <time dateTime={at} title={exact(at)}>
      {relative(instant(at), now.value)}
    </time>
  );
}

export function Badge({ kind, children }: { kind: string; children: ComponentChildren }) {
  return <span class={`badge is-${kind}`}>{children}</span>;
}

export function StateBadge({ state }: { state: State }) {
  return <Badge kind={state}>{state}</Badge>;
}

export function JobLink({ id, whole }: { id: string; whole?: boolean }) {
  return (
    <a class="mono" href={href('jobs', id)} title={id}>
      {whole ? id : `${id.slice(0, 8)}…${id.slice(-4)}`}
    </a>
  );
}

export function Copy({ text, label = 'Copy' }: { text: string; label?: string }) {
  return (
    <button
      type="button"
      class="small copy"
      onClick={(event) => {
        const button = event.currentTarget;
        const done = copy(text);
        button.textContent = done ? 'Copied' : 'Not copied';
        setTimeout(() => (button.textContent = label), 1500);
      }}
    >
      {label}
    </button>
  );
}

export function Tags({ tags }: { tags: string[] }) {
  return (
    <>
      {tags.map((tag) => (
        <a key={tag} class="tag" href={href('jobs', '', { tag })}>
          <Said text={tag} clip />
        </a>
      ))}
    </>
  );
}
