/** The frame of what a page shows, and what it says when there is nothing or something is wrong. */
import type { ComponentChildren } from 'preact';
import { me } from '../api/session';
import type { Problem } from '../api/types';
import { Copy, Said } from './text';

export function Page({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>
          <Said text={title} />
        </h1>
        <div class="actions">{aside}</div>
      </header>
      {children}
    </>
  );
}

export function Panel({
  title,
  aside,
  children,
  flush,
}: {
  title?: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
  flush?: boolean;
}) {
  return (
    <section class={flush ? 'panel flush' : 'panel'}>
      {title && (
        <header>
          <h2>{title}</h2>
          <div class="actions">{aside}</div>
        </header>
      )}
      {children}
    </section>
  );
}

export function Trouble({ problem }: { problem: Problem | null }) {
  if (!problem) return null;
  return (
    <div class="trouble" role="alert">
      <strong>{problem.title}.</strong> <Said text={problem.detail} />
      {problem.request_id && <small> request {problem.request_id}</small>}
    </div>
  );
}

/** Says what would be here, and the line that would fill it. */
export function Empty({ children, curl }: { children: ComponentChildren; curl?: string }) {
  return (
    <div class="empty">
      <p>{children}</p>
      {curl && (
        <div class="code-line">
          <code>{curl}</code>
          <Copy text={curl} />
        </div>
      )}
    </div>
  );
}

/** The server as a terminal would call it: the pages lie at `<prefix>/dashboard/`. */
export const BASE = new URL('..', location.href.split('#')[0]).href.replace(/\/$/, '');

export function enqueueLine(): string {
  const key = me.value?.keys ? ' -H "authorization: Bearer $KEY"' : '';
  return `curl ${BASE}/api/queue/enqueue${key} -H 'content-type: application/json' -d '{"task_type":"send_notification","task_data":{"user_id":42,"message":"hello"}}'`;
}

export function Waiting() {
  return (
    <p class="waiting" role="status">
      Loading…
    </p>
  );
}
