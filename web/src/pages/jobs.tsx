/** The list of jobs. All that narrows it is in the address. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { get } from '../api/call';
import { now, overview, queues } from '../api/live';
import { may } from '../api/session';
import { STATES, type JobType, type State } from '../api/types';
import { ACTIONS, fits, LABELS, TAKES, type Action, type Target } from '../jobs/bulk';
import { filterOf } from '../jobs/filter';
import { BulkDialog } from '../parts/bulk-dialog';
import { Filters } from '../parts/filters';
import { PAGE, useFeed } from '../parts/job-feed';
import { JobTable } from '../parts/job-table';
import { useLoaded } from '../parts/load';
import { Empty, enqueueLine, Page, Trouble, Waiting } from '../parts/panel';
import { Said } from '../parts/text';
import { href, route } from '../route';
import { count, plural } from '../text/number';

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
      // None but those that run are in a worker's hands.
      href={href('jobs', '', { ...query, state, worker: state === 'reserved' ? query.worker : undefined })}
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

function List({ query }: { query: Record<string, string> }) {
  // Fixed while this list is shown, so that a relative span does not move between its pages.
  const filter = useRef(filterOf(query, now.peek())).current;
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [isAll, setAll] = useState(false);
  const [asked, ask] = useState<{ action: Action; target: Target } | null>(null);
  const isUnderCursor = useRef(false);

  const isHeld = picked.size > 0 || isAll || !!asked;
  const { list, problem, isBusy, fresh, gone, more, reload } = useFeed(filter, isHeld, isUnderCursor);
  const pickNone = () => {
    setPicked(new Set());
    setAll(false);
  };

  if (!list) return problem ? <Trouble problem={problem} /> : <Waiting />;
  const { rows, next, examined } = list;
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
            <button type="button" class="small" onClick={pickNone}>
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
              <button type="button" class="small primary" onClick={reload}>
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
          <button type="button" disabled={isBusy} onClick={more}>
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
            if (!isDone) return;
            pickNone();
            reload();
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
