import type { ComponentChildren } from 'preact';
import { link, now, overview, queues, samples } from '../api/live';
import { pastRate, perMinute } from '../api/rates';
import type { History, Overview as Numbers, Queue } from '../api/types';
import { Charts, useHistory } from '../parts/overview-charts';
import { Empty, enqueueLine, Page, Panel, Waiting } from '../parts/panel';
import { Badge, Said, When } from '../parts/text';
import { href } from '../route';
import { count, rate, share } from '../text/number';
import { duration } from '../text/time';

export function Overview() {
  const numbers = overview.value;
  const hour = useHistory(60);
  if (!numbers) return <Page title="Overview">{link.value !== 'offline' && <Waiting />}</Page>;
  return (
    <Page title="Overview">
      <Cards numbers={numbers} hour={hour.data.value} />
      <Charts hour={hour} />
      <Workload list={queues.value ?? []} />
    </Page>
  );
}

function Cards({ numbers, hour }: { numbers: Numbers; hour: History | undefined }) {
  const { totals, counters, workers, breaker, store } = numbers;
  // The rest of it, and what a crash can lose, is on the page about health.
  const [kind = store, ...where] = store.split(' ');
  const processed = perMinute(samples.value, (sample) => sample.counters.processed, now.value) ?? lastMinute(hour);
  return (
    <dl class="cards">
      <Card label="Waiting" value={count(totals.pending)} to={href('jobs', '', { state: 'pending' })} note="pending" />
      <Card
        label="Running"
        value={count(totals.reserved)}
        to={href('jobs', '', { state: 'reserved' })}
        note="reserved"
      />
      <Card
        label="Delayed"
        value={count(totals.delayed)}
        to={href('jobs', '', { state: 'delayed' })}
        note="not due yet"
      />
      <Card
        label="Failed"
        value={count(totals.failed)}
        to={href('failed')}
        tone={totals.failed ? 'failed' : ''}
        note="for good"
      />
      <Card
        label="Processed"
        value={processed === null ? '–' : rate(processed)}
        unit="/ min"
        note={`${count(counters.processed)} in all`}
      />
      <Card
        label="Success"
        value={share(counters.processed - counters.failed, counters.processed)}
        note={`${count(counters.retried)} retries, ${count(counters.timeouts)} timeouts`}
      />
      <Card
        label="Workers"
        value={count(workers.count)}
        to={href('workers')}
        tone={workers.count ? '' : 'failed'}
        note={workers.count ? `${count(workers.busy)} of ${count(workers.slots)} slots busy` : 'nothing runs'}
      />
      <Card
        label="Store"
        value={kind}
        to={href('health')}
        tone={breaker && breaker !== 'closed' ? 'failed' : ''}
        note={[breaker && `breaker ${breaker.replace('_', ' ')}`, where.join(' ')].filter(Boolean).join(', ')}
      />
    </dl>
  );
}

/** By the history, until this page has seen enough by itself. */
function lastMinute(history: History | undefined): number | null {
  return history ? pastRate(history, history.points.length - 1, 'processed', now.value) : null;
}

interface CardProps {
  label: string;
  value: string;
  unit?: string;
  note: string;
  to?: string;
  tone?: string;
}

function Card({ label, value, unit, note, to, tone }: CardProps) {
  const body: ComponentChildren = (
    <>
      {value}
      {unit && <small> {unit}</small>}
    </>
  );
  return (
    <div class={`card ${tone ?? ''}`}>
      <dt>{label}</dt>
      <dd class="value">{to ? <a href={to}>{body}</a> : body}</dd>
      <dd class="note">{note}</dd>
    </div>
  );
}

function Workload({ list }: { list: Queue[] }) {
  return (
    <Panel title="Workload" flush>
      {list.length ? (
        <table>
          <thead>
            <tr>
              <th>Queue</th>
              <th class="n">Waiting</th>
              <th class="n">Running</th>
              <th class="n">Per minute</th>
              <th>Oldest waits since</th>
              <th>Drained in</th>
            </tr>
          </thead>
          <tbody>
            {list.map((queue) => (
              <Load key={queue.queue_name} queue={queue} />
            ))}
          </tbody>
        </table>
      ) : (
        <Empty curl={enqueueLine()}>No queue yet. The first job makes one:</Empty>
      )}
    </Panel>
  );
}

function Load({ queue }: { queue: Queue }) {
  const name = queue.queue_name;
  const speed = perMinute(samples.value, (sample) => sample.queues[name] ?? 0, now.value);
  return (
    <tr>
      <th scope="row">
        <a href={href('jobs', '', { queue: name })}>
          <Said text={name} clip />
        </a>{' '}
        {queue.paused && <Badge kind="paused">paused</Badge>}
      </th>
      <td class="n" data-label="Waiting">
        {count(queue.pending)}
      </td>
      <td class="n" data-label="Running">
        {count(queue.reserved)}
      </td>
      <td class="n" data-label="Per minute">
        {speed === null ? '–' : rate(speed)}
      </td>
      <td data-label="Oldest waits since">
        <When at={queue.next_waits_since} />
      </td>
      <td data-label="Drained in">{drained(queue, speed)}</td>
    </tr>
  );
}

/** At the speed of the last minute, with nothing more coming in. */
function drained(queue: Queue, speed: number | null): string {
  if (!queue.pending) return 'empty';
  if (queue.paused) return 'never: paused';
  if (speed === null) return '–';
  return speed ? `about ${duration((queue.pending / speed) * 60_000)}` : 'not at this speed';
}
