import { get, path, post } from '../api/call';
import { now, refresh } from '../api/live';
import { may } from '../api/session';
import type { JobsPage, JobSummary, Worker } from '../api/types';
import { confirm } from '../parts/confirm';
import { useLoaded } from '../parts/load';
import { Empty, Page, Panel, Trouble, Waiting } from '../parts/panel';
import { Badge, Said, When } from '../parts/text';
import { attempt } from '../parts/toast';
import { href } from '../route';
import { count, plural } from '../text/number';
import { duration, instant } from '../text/time';

const LOOK_EVERY_MS = 2000;
/** Jobs of one worker shown by name. */
const SHOWN = 6;

export function Workers() {
  const { data, problem } = useLoaded('workers', find, LOOK_EVERY_MS);
  const found = data.value;
  const busy = found?.workers.reduce((sum, worker) => sum + worker.busy, 0) ?? 0;
  const slots = found?.workers.reduce((sum, worker) => sum + worker.slots, 0) ?? 0;
  return (
    <Page
      title="Workers"
      aside={
        found && (
          <a class="button" href={href('jobs', '', { state: 'reserved' })}>
            Running jobs
          </a>
        )
      }
    >
      <Trouble problem={problem.value} />
      {!found ? (
        !problem.value && <Waiting />
      ) : found.workers.length ? (
        <>
          <p class="quiet">
            {plural(found.workers.length, 'worker')}, {count(busy)} of {plural(slots, 'slot')} busy.
          </p>
          <div class="grid">
            {found.workers.map((worker) => (
              <Card
                key={worker.worker}
                worker={worker}
                jobs={found.jobs.filter((job) => job.worker === worker.worker)}
              />
            ))}
          </div>
        </>
      ) : (
        <Panel>
          <Empty curl="journeyman work">No worker has been seen: nothing runs. This starts one:</Empty>
        </Panel>
      )}
    </Page>
  );
}

async function find(signal: AbortSignal): Promise<{ workers: Worker[]; jobs: JobSummary[] }> {
  const [{ workers }, { jobs }] = await Promise.all([
    get<{ workers: Worker[] }>('workers', {}, signal),
    get<JobsPage>('jobs', { state: 'reserved', limit: '100' }, signal),
  ]);
  return { workers, jobs };
}

const KINDS: Record<Worker['state'], string> = {
  running: 'completed',
  quiet: 'paused',
  stopping: 'delayed',
  lost: 'failed',
};

function Queues({ names }: { names: string[] }) {
  return (
    <>
      {names.map((name, i) => (
        <span key={name}>
          {i > 0 && ', '}
          <Said text={name} clip />
        </span>
      ))}
    </>
  );
}

function Card({ worker, jobs }: { worker: Worker; jobs: JobSummary[] }) {
  const { worker: name, state } = worker;
  const tell = (verb: 'quiet' | 'resume' | 'stop', words: string) =>
    attempt(
      () =>
        post(
          verb === 'quiet'
            ? path`workers/${name}/quiet`
            : verb === 'stop'
              ? path`workers/${name}/stop`
              : path`workers/${name}/resume`,
        ),
      words,
    ).then(refresh);
  return (
    <article class={`panel worker worker-${state}`}>
      <header>
        <h2>
          <Said text={name} />
        </h2>
        <Badge kind={KINDS[state]}>{state}</Badge>
      </header>
      <p class="slots">
        <meter min={0} max={worker.slots || 1} value={worker.busy} aria-label="Busy slots" />
        <span>
          {count(worker.busy)} / {count(worker.slots)} busy
        </span>
      </p>
      <dl class="facts">
        <div>
          <dt>Host</dt>
          <dd>
            {worker.host === null ? 'unknown' : <Said text={worker.host} />}
            {worker.pid !== null && `:${worker.pid}`}
          </dd>
        </div>
        <div>
          <dt>Version</dt>
          <dd>
            {worker.version === null ? 'unknown' : <Said text={worker.version} />}
          </dd>
        </div>
        <div>
          <dt>Started</dt>
          <dd>
            <When at={worker.started_at} />
          </dd>
        </div>
        <div>
          <dt>Seen</dt>
          <dd>
            <When at={worker.seen_at} />
          </dd>
        </div>
        <div>
          <dt>Queues</dt>
          <dd>
            <Queues names={worker.queues} />
          </dd>
        </div>
        {worker.pools.length > 1 &&
          worker.pools.map((pool, i) => (
            <div key={i}>
              <dt>
                <Queues names={pool.queues} />
              </dt>
              <dd>
                {count(pool.busy)} / {count(pool.slots)} busy
              </dd>
            </div>
          ))}
      </dl>
      {jobs.length > 0 && (
        <ul class="plain runs">
          {jobs.slice(0, SHOWN).map((job) => (
            <li key={job.task_id}>
              <a href={href('jobs', job.task_id)}>
                <Said text={job.task_type ?? 'unreadable'} clip />
              </a>
              <span class="quiet">{job.started_at && duration(Math.max(0, now.value - instant(job.started_at)))}</span>
            </li>
          ))}
          {jobs.length > SHOWN && (
            <li>
              <a href={href('jobs', '', { state: 'reserved', worker: name })}>{count(jobs.length - SHOWN)} more</a>
            </li>
          )}
        </ul>
      )}
      {may('operate') && state !== 'lost' && (
        <div class="actions">
          {state === 'quiet' ? (
            <button type="button" class="primary" onClick={() => void tell('resume', 'Told to take jobs again.')}>
              Resume
            </button>
          ) : (
            <button
              type="button"
              disabled={state === 'stopping'}
              onClick={() => void tell('quiet', 'Told to take no more jobs.')}
            >
              Quiet
            </button>
          )}
          <button
            type="button"
            class="danger"
            disabled={state === 'stopping'}
            onClick={() =>
              confirm({
                title: 'Stop this worker?',
                text: `${name} takes no more jobs, ends what it runs, and exits. Whatever looks after the process may start it again.`,
                verb: 'Stop',
                act: () => void tell('stop', 'Told to stop.'),
              })
            }
          >
            Stop
          </button>
        </div>
      )}
    </article>
  );
}
