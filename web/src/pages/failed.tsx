/** Failures that are the same, in groups. */
import { useEffect, useState } from 'preact/hooks';
import { get } from '../api/call';
import { overview, queues } from '../api/live';
import { may } from '../api/session';
import type { FailureGroup, FailuresPage } from '../api/types';
import { mergeGroups } from '../jobs/groups';
import type { Action } from '../jobs/bulk';
import type { Filter } from '../jobs/filter';
import { collect } from '../jobs/pages';
import { BulkDialog } from '../parts/bulk-dialog';
import { Pick } from '../parts/filters';
import { useLoaded } from '../parts/load';
import { Empty, Page, Panel, Trouble, Waiting } from '../parts/panel';
import { Badge, JobLink, Said, When } from '../parts/text';
import { href, refine, route } from '../route';
import { count, plural } from '../text/number';

const LOOK_EVERY_MS = 20_000;
/** Groups come a page of records at a time; this many are merged before the reader is asked. */
const WANTED = 200;
const CALLS = 6;

interface Groups {
  groups: FailureGroup[];
  total: number;
  examined: number;
  next: string | null;
}

export function Failed() {
  const queue = route.value.query.queue ?? '';
  const [asked, ask] = useState<{ action: Action; group: FailureGroup } | null>(null);
  const [further, setFurther] = useState(0);
  const [list, setList] = useState<Groups | null>(null);
  // What has been looked further into stays: a fresh look would fold it up again.
  const { data, problem, reload } = useLoaded(queue, () => look(queue), asked || further ? 0 : LOOK_EVERY_MS);
  const first = data.value;
  useEffect(() => {
    setList(first ?? null);
    setFurther(0);
  }, [first]);

  const goOn = async (from: Groups) => {
    setFurther(further + 1);
    const more = await look(queue, from.next!);
    setList({ ...more, groups: mergeGroups(from.groups, more.groups), examined: from.examined + more.examined });
  };

  return (
    <Page
      title="Failed"
      aside={
        <Pick
          label="Queue"
          value={queue}
          options={(queues.value ?? []).map((queue) => queue.queue_name)}
          onPick={(queue) => refine({ queue })}
        />
      }
    >
      <Trouble problem={problem.value} />
      {!list ? (
        !problem.value && <Waiting />
      ) : list.groups.length ? (
        <>
          <p class="quiet">
            {plural(list.total, 'failed job')} in {plural(list.groups.length, 'group')}
            {list.next !== null && `, by the latest ${count(list.examined)}`}. Jobs of one type whose errors are alike
            make a group.
          </p>
          <div class="stack">
            {list.groups.map((group) => (
              <Group key={group.fingerprint} group={group} onAsk={(action) => ask({ action, group })} />
            ))}
          </div>
        </>
      ) : (
        <Panel>
          <Empty>
            {overview.value?.totals.failed
              ? 'None of those looked at.'
              : 'Nothing has failed. A job that runs out of tries comes here.'}
          </Empty>
        </Panel>
      )}
      {list && list.next !== null && (
        <p class="more">
          <button type="button" onClick={() => void goOn(list)}>
            Look further
          </button>
        </p>
      )}
      {asked && (
        <BulkDialog
          action={asked.action}
          target={{ filter: filterOf(asked.group, queue) }}
          about={`of ${asked.group.task_type ?? 'unreadable'} failed with such an error`}
          onClose={() => {
            ask(null);
            void reload();
          }}
        />
      )}
    </Page>
  );
}

async function look(queue: string, cursor = ''): Promise<Groups> {
  let total = 0;
  const part = await collect(
    async (from) => {
      const page = await get<FailuresPage>('failures', { queue_name: queue, cursor: from });
      total = page.total;
      return { rows: page.groups, next: page.next_cursor, examined: page.examined };
    },
    WANTED,
    cursor,
    CALLS,
  );
  return { groups: mergeGroups([], part.rows), total, examined: part.examined, next: part.next };
}

function filterOf(group: FailureGroup, queue: string): Filter {
  return { state: 'failed', fingerprint: group.fingerprint, ...(queue && { queue_name: queue }) };
}

function Group({ group, onAsk }: { group: FailureGroup; onAsk: (action: Action) => void }) {
  const { task_type, kind, message, queues } = group;
  const filter = { state: 'failed', fingerprint: group.fingerprint, queue: route.value.query.queue };
  return (
    <article class="panel group">
      <div class="count">
        <strong>{count(group.count)}</strong>
        <span class="quiet">{group.count === 1 ? 'job' : 'jobs'}</span>
      </div>
      <div class="about">
        <h2>
          <Said text={task_type ?? 'unreadable'} /> <Badge kind="failed">{kind}</Badge>
        </h2>
        <pre tabIndex={0} aria-label="Error">
          <Said text={message.slice(0, 2000)} />
        </pre>
        <p class="quiet">
          last <When at={group.last_seen} /> · first <When at={group.first_seen} /> · in{' '}
          {queues.map((queue, i) => (
            <span key={queue}>
              {i > 0 && ', '}
              <Said text={queue} clip />
            </span>
          ))}{' '}
          · for example <JobLink id={group.sample} />
        </p>
      </div>
      <div class="actions">
        <a class="button" href={href('jobs', '', filter)}>
          Jobs
        </a>
        {may('operate') && (
          <>
            <button type="button" onClick={() => onAsk('retry')}>
              Retry all
            </button>
            <button type="button" class="danger" onClick={() => onAsk('delete')}>
              Delete all
            </button>
          </>
        )}
      </div>
    </article>
  );
}
