import { useState } from 'preact/hooks';
import { path, post } from '../api/call';
import { link, now, queues, refresh, samples } from '../api/live';
import { perMinute } from '../api/rates';
import { may } from '../api/session';
import { PRIORITIES, STATES, type Queue } from '../api/types';
import { Purge } from '../parts/purge';
import { Empty, enqueueLine, Page, Panel, Waiting } from '../parts/panel';
import { Badge, Said, When } from '../parts/text';
import { attempt } from '../parts/toast';
import { href } from '../route';
import { count, rate, share } from '../text/number';

export function Queues() {
  const [purged, purge] = useState<string | null>(null);
  const list = queues.value;
  return (
    <Page title="Queues">
      {!list ? (
        link.value !== 'offline' && <Waiting />
      ) : list.length ? (
        <div class="grid">
          {list.map((queue) => (
            <Card key={queue.queue_name} queue={queue} onPurge={() => purge(queue.queue_name)} />
          ))}
        </div>
      ) : (
        <Panel>
          <Empty curl={enqueueLine()}>No queue yet. A queue is made by its first job:</Empty>
        </Panel>
      )}
      {purged !== null && <Purge name={purged} onClose={() => purge(null)} />}
    </Page>
  );
}

function Card({ queue, onPurge }: { queue: Queue; onPurge: () => void }) {
  const { queue_name: name, paused, counters } = queue;
  const speed = perMinute(samples.value, (sample) => sample.queues[name] ?? 0, now.value);
  const toggle = (verb: 'pause' | 'resume') =>
    attempt(
      () => post(verb === 'pause' ? path`queues/${name}/pause` : path`queues/${name}/resume`),
      verb === 'pause' ? 'Paused: what runs goes on, nothing more is taken.' : 'Workers take from it again.',
    ).then(refresh);
  return (
    <article class={paused ? 'panel queue is-paused' : 'panel queue'}>
      <header>
        <h2>
          <Said text={name} />
        </h2>
        {paused && <Badge kind="paused">paused</Badge>}
      </header>
      <ul class="states">
        {STATES.map((state) => (
          <li key={state}>
            <a href={href('jobs', '', { queue: name, state })} class={queue[state] ? `in-${state}` : 'zero'}>
              <strong>{count(queue[state])}</strong> <span>{state}</span>
            </a>
          </li>
        ))}
      </ul>
      <Urgency queue={queue} />
      <dl class="facts">
        <div>
          <dt>Oldest waits since</dt>
          <dd>
            <When at={queue.next_waits_since} />
          </dd>
        </div>
        <div>
          <dt>Per minute</dt>
          <dd>{speed === null ? '–' : rate(speed)}</dd>
        </div>
        <div>
          <dt>Processed</dt>
          <dd>{count(counters.processed)}</dd>
        </div>
        <div>
          <dt>Success</dt>
          <dd>{share(counters.processed - counters.failed, counters.processed)}</dd>
        </div>
      </dl>
      {may('operate') && (
        <div class="actions">
          {paused ? (
            <button type="button" class="primary" onClick={() => void toggle('resume')}>
              Resume
            </button>
          ) : (
            <button type="button" onClick={() => void toggle('pause')}>
              Pause
            </button>
          )}
          <button type="button" class="danger" onClick={onPurge}>
            Purge…
          </button>
        </div>
      )}
    </article>
  );
}

/** Who waits, by priority. */
function Urgency({ queue }: { queue: Queue }) {
  const waiting = PRIORITIES.filter((priority) => queue.by_priority[priority]);
  if (!waiting.length) return <p class="quiet urgency">Nothing waits.</p>;
  return (
    <div class="urgency">
      <div class="bar" aria-hidden="true">
        {waiting.map((priority) => (
          <span key={priority} class={`p-${priority}`} style={{ flexGrow: queue.by_priority[priority] }} />
        ))}
      </div>
      <p class="quiet">
        {waiting.map((priority) => (
          <span key={priority} class={`dot p-${priority}`}>
            {count(queue.by_priority[priority])} {priority}
          </span>
        ))}
      </p>
    </div>
  );
}
