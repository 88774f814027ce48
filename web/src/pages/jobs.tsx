/** The list of jobs. All that narrows it is in the address. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, problemOf } from '../api/call';
import { now, overview, paused, pulse, queues, refreshes } from '../api/live';
import { may } from '../api/session';
import { STATES, type JobsPage, type JobSummary, type JobType, type State } from '../api/types';
import { ACTIONS, fits, LABELS, TAKES, type Action, type Target } from '../jobs/bulk';
import { filterOf, type Filter } from '../jobs/filter';
import { merge } from '../jobs/news';
import { collect, type Part } from '../jobs/pages';
import { BulkDialog } from '../parts/bulk-dialog';
import { Filters } from '../parts/filters';
import { JobTable } from '../parts/job-table';
import { useLoaded } from '../parts/load';
import { Empty, enqueueLine, Page, Trouble, Waiting } from '../parts/panel';
import { Said } from '../parts/text';
import { href, route } from '../route';
import { count, plural } from '../text/number';
import type { Problem } from '../api/types';

const PAGE = 50;
const LOOK_EVERY_MS = 3000;
const NOTHING: Part<JobSummary> = { rows: [], next: null, examined: 0 };

export function Jobs() {
  const { query } = route.value;
  const types = useLoaded('types', (signal) => get<{ types: JobType[] }>('types', {}, signal));
  const names = types.data.value?.types.map((type) => type.task_type) ?? [];
  return (
    <Page title="Jobs">
      <Tabs query={query} />
      <Filters query={query} types={names} />
      <List key={JSON.stringify(query)} query={query} />
    </Page>
  );
}

function Tabs({ query }: { query: Record<string, string> }) {
  const ref = useRef<HTMLElement>(null);
  useEffect(
    () => ref.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }),
    [query.state],
  );
  const queue = queues.value?.find((queue) => queue.queue_name === query.queue);
  const counts = query.queue ? queue : overview.value?.totals;
  const all = counts && STATES.reduce((sum, state) => sum + counts[state], 0);
  const tab = (state: State | undefined, number: number | undefined) => (
    <a
      key={state}
      href={href('jobs', '', { ...query, state })}
      aria-current={query.state === state ? 'page' : undefined}
      class={state && `tab-${state}`}
    >
      {state ?? 'all'} <span class="n">{number === undefined ? '' : count(number)}</span>
    </a>
  );
  return (
    <nav ref={ref} class="tabs" aria-label="States">
      {tab(undefined, all)}
      {STATES.map((state) => tab(state, counts?.[state]))}
    </nav>
  );
}

function fetchPage(filter: Filter, cursor: string, want = PAGE): Promise<Part<JobSummary>> {
  return get<JobsPage>('jobs', { ...filter, limit: String(want), cursor }).then((page) => ({
    rows: page.jobs,
    next: page.next_cursor,
    examined: page.examined,
  }));
}

function List({ query }: { query: Record<string, string> }) {
  // Fixed while this list is shown, so that a relative span does not move between its pages.
  const filter = useRef(filterOf(query, now.peek())).current;
  const [rows, setRows] = useState<JobSummary[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [examined, setExamined] = useState(0);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [latest, setLatest] = useState<Part<JobSummary>>(NOTHING);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [isAll, setAll] = useState(false);
  const [asked, ask] = useState<{ action: Action; target: Target } | null>(null);
  const isUnderCursor = useRef(false);

  const load = async (from: string, before: JobSummary[]) => {
    setBusy(true);
    try {
      const part = await collect((cursor) => fetchPage(filter, cursor), PAGE, from);
      setRows([...before, ...part.rows]);
      setNext(part.next);
      setExamined((sum) => (from ? sum : 0) + part.examined);
      setLatest(NOTHING);
      setProblem(null);
    } catch (error) {
      setProblem(problemOf(error));
    }
    setBusy(false);
  };
  const reload = () => {
    setPicked(new Set());
    setAll(false);
    return load('', []);
  };
  const anew = refreshes.value;
  useEffect(() => void reload(), [anew]);

  // News: rows change in place; new ones wait until nobody points at the list, or are asked for.
  const isHeld = picked.size > 0 || isAll || !!asked;
  const news = useRef({ at: 0, timer: 0 });
  const look = useRef(async () => {});
  look.current = async () => {
    if (!rows || isHeld || isBusy) return;
    news.current.at = Date.now();
    const found = await fetchPage(filter, '').catch(() => null);
    if (!found) return;
    const isFirstPage = rows.length <= PAGE;
    const isFree = isFirstPage && !isUnderCursor.current && scrollY < 200 && matchMedia('(hover: hover)').matches;
    if (rows.length === 0 || isFree) {
      if (found.rows.length || !found.next) {
        setRows(found.rows);
        setNext(found.next);
      }
      setLatest(NOTHING);
    } else {
      setRows(merge(rows, found.rows).rows);
      setLatest(found);
    }
  };
  const beat = pulse.value;
  useEffect(() => {
    if (!beat || paused.peek()) return;
    clearTimeout(news.current.timer);
    news.current.timer = window.setTimeout(
      () => void look.current(),
      Math.max(0, news.current.at + LOOK_EVERY_MS - Date.now()),
    );
  }, [beat]);
  useEffect(() => () => clearTimeout(news.current.timer), []);

  if (!rows) return problem ? <Trouble problem={problem} /> : <Waiting />;
  const { fresh, gone } = merge(rows, latest.rows, latest !== NOTHING && latest.next === null);
  const chosen = rows.filter((row) => picked.has(row.task_id));
  const actions = !may('operate')
    ? []
    : isAll
      ? ACTIONS.filter((action) => !query.state || TAKES[action].includes(query.state as State))
      : ACTIONS.filter((action) => chosen.some((job) => fits(action, job)));

  return (
    <>
      <Trouble problem={problem} />
      <div class="list-bar">
        {isHeld && !asked ? (
          <>
            <strong>{isAll ? 'All that match' : plural(picked.size, 'job') + ' selected'}</strong>
            {!isAll && (
              <button type="button" class="small" onClick={() => setAll(true)}>
                All that match the filter
              </button>
            )}
            <button type="button" class="small" onClick={() => (setPicked(new Set()), setAll(false))}>
              Select none
            </button>
            <span class="actions end">
              {actions.map((action) => (
                <button
                  key={action}
                  type="button"
                  class={action === 'delete' ? 'danger' : ''}
                  onClick={() =>
                    ask({
                      action,
                      target: isAll
                        ? { filter }
                        : { task_ids: chosen.filter((job) => fits(action, job)).map((job) => job.task_id) },
                    })
                  }
                >
                  {LABELS[action]}
                </button>
              ))}
            </span>
          </>
        ) : (
          <>
            <span class="quiet">
              {plural(rows.length, 'job')} shown{next !== null && ', there are more'}
            </span>
            {fresh > 0 && (
              <button type="button" class="small primary" onClick={() => void reload()}>
                {fresh === PAGE ? `${PAGE} or more` : count(fresh)} new – show
              </button>
            )}
          </>
        )}
      </div>
      {rows.length ? (
        <div
          onPointerEnter={() => (isUnderCursor.current = true)}
          onPointerLeave={() => (isUnderCursor.current = false)}
        >
          <JobTable
            rows={rows}
            state={query.state as State | undefined}
            picked={may('operate') ? picked : undefined}
            isAll={isAll}
            gone={gone}
            onPick={setPicked}
          />
        </div>
      ) : (
        <Nothing query={query} examined={examined} isMore={next !== null} />
      )}
      {next !== null && (
        <p class="more">
          <button type="button" disabled={isBusy} onClick={() => void load(next, rows)}>
            {isBusy ? 'Loading…' : rows.length ? 'Load more' : 'Look further'}
          </button>
        </p>
      )}
      {asked && (
        <BulkDialog
          {...asked}
          about={'filter' in asked.target ? `that match ${inWords(query)}` : 'selected'}
          onClose={(isDone) => {
            ask(null);
            if (isDone) void reload();
          }}
        />
      )}
    </>
  );
}

function Nothing({ query, examined, isMore }: { query: Record<string, string>; examined: number; isMore: boolean }) {
  if (isMore) return <Empty>None among {plural(examined, 'record')}, and there are more to look at.</Empty>;
  if (Object.keys(query).length)
    return (
      <Empty curl={query.state ? undefined : enqueueLine()}>
        No job matches <Said text={inWords(query)} />.
      </Empty>
    );
  return <Empty curl={enqueueLine()}>No jobs yet. This makes one:</Empty>;
}

function inWords(query: Record<string, string>): string {
  const words = Object.entries(query)
    .filter(([name]) => name !== 'in')
    .map(([name, value]) => `${name} “${value}”`);
  return words.join(', ') || 'no filter: every job there is';
}
