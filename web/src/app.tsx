/** The frame around the pages. */
import { useEffect, useRef } from 'preact/hooks';
import { link, overview, paused, trouble } from './api/live';
import { locked } from './api/call';
import { logOut, me } from './api/session';
import { helpIsOpen, PAGES, takeSearch } from './keys';
import { Failed } from './pages/failed';
import { Health } from './pages/health';
import { Job } from './pages/job';
import { Jobs } from './pages/jobs';
import { Login } from './pages/login';
import { Overview } from './pages/overview';
import { Queues } from './pages/queues';
import { Types } from './pages/types';
import { Workers } from './pages/workers';
import { Confirm } from './parts/confirm';
import { Help } from './parts/help';
import { Mark } from './parts/mark';
import { Empty, Page, Trouble } from './parts/panel';
import { Said } from './parts/text';
import { Toasts } from './parts/toast';
import { href, route } from './route';
import { count } from './text/number';
import { reveal } from './text/reveal';
import { nextTheme, theme } from './theme';

export function App() {
  if (locked.value) return <Login />;
  return (
    <>
      <Side />
      <Main />
      <Toasts />
      <Confirm />
      {helpIsOpen.value && <Help />}
    </>
  );
}

function Side() {
  const { page } = route.value;
  const failed = overview.value?.totals.failed;
  return (
    <header class="side">
      <a
        class="skip"
        href={location.hash || '#/'}
        onClick={(event) => (event.preventDefault(), document.querySelector('main')?.focus())}
      >
        Skip to the page
      </a>
      <a class="brand" href={href('overview')} aria-label="Journeyman">
        <Mark />
        <span>Journeyman</span>
      </a>
      <nav aria-label="Pages">
        {PAGES.map(([name, label, key]) => (
          <a key={name} href={href(name)} aria-current={page === name ? 'page' : undefined} title={`g ${key}`}>
            {label}
            {name === 'failed' && !!failed && <span class="pill">{count(failed)}</span>}
          </a>
        ))}
      </nav>
      <div class="foot">
        <LiveButton />
        <button type="button" class="theme" onClick={nextTheme} title="t">
          <span>Theme</span>
          {theme.value}
        </button>
        <button type="button" class="ask" onClick={() => (helpIsOpen.value = true)} title="?">
          Help
        </button>
        {me.value?.keys && (
          <button type="button" class="out" onClick={() => void logOut()}>
            Log out <Said text={me.value.name ?? ''} clip />
          </button>
        )}
      </div>
    </header>
  );
}

const LINKS: Record<string, string> = {
  live: 'The numbers change as things happen.',
  polling: 'No event stream comes through: asks every five seconds.',
  offline: 'The server does not answer. Tries again.',
  paused: 'Nothing changes until you resume.',
};

function LiveButton() {
  const state = link.value;
  return (
    <button
      type="button"
      class={`live live-${state}`}
      aria-pressed={paused.value}
      title={`${LINKS[state]} (p)`}
      onClick={() => (paused.value = !paused.value)}
    >
      {state === 'paused' ? 'Paused' : state === 'live' ? 'Live' : state === 'polling' ? 'Polling' : 'Offline'}
    </button>
  );
}

function Main() {
  const { page, id } = route.value;
  const ref = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.querySelector('.side [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
    document.title = `${PAGES.find(([name]) => name === page)?.[1] ?? 'Not found'}${id ? ' ' + reveal(id.slice(0, 40)) : ''} · Journeyman`;
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    // As a browser does between documents: to the top, and a screen reader begins to read there.
    scrollTo(0, 0);
    if (!takeSearch()) ref.current?.focus({ preventScroll: true });
  }, [page, id]);
  return (
    <main ref={ref} tabIndex={-1}>
      <Trouble problem={trouble.value} />
      {me.value && <Shown key={page + '/' + id} page={page} id={id} />}
    </main>
  );
}

function Shown({ page, id }: { page: string; id: string }) {
  switch (page) {
    case 'overview':
      return <Overview />;
    case 'jobs':
      return id ? <Job id={id} /> : <Jobs />;
    case 'failed':
      return <Failed />;
    case 'queues':
      return <Queues />;
    case 'types':
      return <Types id={id} />;
    case 'workers':
      return <Workers />;
    case 'health':
      return <Health />;
    default:
      return (
        <Page title="Nothing here">
          <Empty>There is no such page.</Empty>
        </Page>
      );
  }
}
