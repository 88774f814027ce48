/** One job: what it is, what became of it, and why it is not running. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get, getText, path, post, remove } from '../api/call';
import { refresh } from '../api/live';
import { may } from '../api/session';
import type { Explanation, JobStatus } from '../api/types';
import { fits } from '../jobs/bulk';
import { member, parse, type Node } from '../json/node';
import { attempt } from '../parts/toast';
import { confirm } from '../parts/confirm';
import { FailureText } from '../parts/failure';
import { useLoaded } from '../parts/load';
import { Page, Panel, Trouble, Waiting } from '../parts/panel';
import { RetryEdited } from '../parts/retry-edited';
import { Copy, JobLink, Said, StateBadge, Tags, When, Badge } from '../parts/text';
import { Timeline } from '../parts/timeline';
import { Json } from '../parts/tree';
import { Why } from '../parts/why';
import { go, href } from '../route';

const LOOK_EVERY_MS = 1000;
/** An ended job changes only by somebody's hand. */
const LOOK_EVERY_MS_ENDED = 5000;
const ENDED = ['completed', 'failed', 'cancelled'];

interface Found {
  job: JobStatus;
  /** The record as it was answered. */
  record: Node;
  payload: Node | undefined;
  result: Node | undefined;
  explanation: Explanation | null;
}

export function Job({ id }: { id: string }) {
  const [hasEnded, setEnded] = useState(false);
  const { data, problem } = useLoaded(id, (signal) => find(id, signal), hasEnded ? LOOK_EVERY_MS_ENDED : LOOK_EVERY_MS);
  const found = data.value;
  useEffect(() => setEnded(!!found && ENDED.includes(found.job.status)), [found]);
  return (
    <Page title={found?.job.task_type ?? 'Job'} aside={found && <Actions {...found} />}>
      <Trouble problem={problem.value} />
      {found ? <Body {...found} /> : !problem.value && <Waiting />}
    </Page>
  );
}

async function find(id: string, signal: AbortSignal): Promise<Found> {
  const text = await getText(path`jobs/${id}`, {}, signal);
  const job = JSON.parse(text) as JobStatus;
  const node = parse(text); // The payload and the result with all their digits.
  const explanation = ENDED.includes(job.status)
    ? null
    : await get<Explanation>(path`jobs/${id}/explain`, {}, signal).catch(() => null);
  return { job, record: node, payload: member(node, 'task_data'), result: member(node, 'result'), explanation };
}

function Actions({ job, payload }: Found) {
  const [isEditing, edit] = useState(false);
  const id = job.task_id;
  const act = (words: string, action: () => Promise<unknown>) => void attempt(action, words).then(refresh);
  const ask = (verb: string, text: string, then: () => void) =>
    confirm({ title: `${verb} this job?`, text, verb, act: then });
  return (
    <>
      {may('operate') && (
        <>
          {fits('retry', job) && (
            <>
              <button
                type="button"
                class="primary"
                onClick={() => act('It is waiting again.', () => post(path`jobs/${id}/retry`))}
              >
                Retry
              </button>
              {payload && (
                <button type="button" onClick={() => edit(true)}>
                  Edit and retry
                </button>
              )}
            </>
          )}
          {fits('run', job) && (
            <button
              type="button"
              class="primary"
              onClick={() => act('It is waiting now.', () => post(path`jobs/${id}/run`))}
            >
              Run now
            </button>
          )}
          {fits('cancel', job) && (
            <button
              type="button"
              class="danger"
              onClick={() =>
                ask('Cancel', 'It will not run. It can be retried as long as its record is kept.', () =>
                  act('Cancelled.', () => post(path`jobs/${id}/cancel`)),
                )
              }
            >
              Cancel
            </button>
          )}
        </>
      )}
      {may('enqueue') && job.task_type && (
        <a class="button" href={href('types', job.task_type, { from: id })}>
          Duplicate
        </a>
      )}
      {may('operate') && fits('delete', job) && (
        <button
          type="button"
          class="danger"
          onClick={() =>
            ask(
              'Delete',
              'Its record goes for good, with payload, result and errors.',
              () =>
                void attempt(() => remove(path`jobs/${id}`).then(() => true), 'Deleted.').then((isGone) => {
                  // No refresh: it would look for the job once more.
                  if (isGone) go(href('jobs'));
                }),
            )
          }
        >
          Delete
        </button>
      )}
      {isEditing && payload && <RetryEdited id={id} payload={payload} onClose={() => edit(false)} />}
    </>
  );
}

function Body({ job, record, payload, result, explanation }: Found) {
  return (
    <>
      <Facts job={job} />
      {explanation && <Why {...explanation} />}
      {job.error && job.status !== 'completed' && (
        <Panel title={job.status === 'failed' ? 'Why it failed' : 'Latest error'}>
          <FailureText failure={job.error} />
        </Panel>
      )}
      {job.failed_hook_error && (
        <Panel title="Its own failed() went wrong too">
          <FailureText failure={job.failed_hook_error} />
        </Panel>
      )}
      <div class="columns">
        <Panel title="Timeline">
          <Timeline job={job} />
        </Panel>
        <div class="stack">
          <Stored title="Payload" node={payload} none="The stored record cannot be read." />
          {(result?.raw ?? 'null') !== 'null' && <Stored title="Result" node={result} none="" />}
          {job.callbacks.length > 0 && (
            <Panel title="Callbacks">
              <ul class="plain">
                {job.callbacks.map((callback) => (
                  <li key={callback.task_id}>
                    on {callback.on}: <JobLink id={callback.task_id} />
                  </li>
                ))}
              </ul>
            </Panel>
          )}
          <Panel>
            <details>
              <summary>The whole record</summary>
              <Json node={record} label="Record" />
            </details>
          </Panel>
        </div>
      </div>
    </>
  );
}

function Facts({ job }: { job: JobStatus }) {
  return (
    <dl class="facts">
      <Fact name="State">
        <StateBadge state={job.status} />
      </Fact>
      <Fact name="Id">
        <span class="mono">{job.task_id}</span> <Copy text={job.task_id} />
      </Fact>
      <Fact name="Type">
        {job.task_type === null ? (
          'unreadable'
        ) : (
          <a href={href('types', job.task_type)}>
            <Said text={job.task_type} />
          </a>
        )}
      </Fact>
      <Fact name="Queue">
        <a href={href('jobs', '', { queue: job.queue_name })}>
          <Said text={job.queue_name} />
        </a>
      </Fact>
      <Fact name="Priority">
        <Badge kind={`p-${job.priority}`}>{job.priority}</Badge>
      </Fact>
      <Fact name="Attempts">
        {job.attempts} of {job.max_tries === null ? '?' : job.max_tries || 'any number'}
      </Fact>
      <Fact name="Created">
        <When at={job.created_at} />
      </Fact>
      {job.status === 'delayed' && (
        <Fact name="Due">
          <When at={job.available_at} />
        </Fact>
      )}
      {job.worker && (
        <Fact name="Runs on">
          <a href={href('workers')}>
            <Said text={job.worker} />
          </a>
        </Fact>
      )}
      {job.tags.length > 0 && (
        <Fact name="Tags">
          <Tags tags={job.tags} />
        </Fact>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Stored({ title, node, none }: { title: string; node: Node | undefined; none: string }) {
  return (
    <Panel title={title}>
      {node && node.raw !== 'null' ? <Json node={node} label={title} /> : <p class="quiet">{none}</p>}
    </Panel>
  );
}
