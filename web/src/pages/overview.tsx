import type { ComponentChildren } from 'preact';
import { get } from '../api/call';
import { link, now, overview, queues, samples, WINDOW_MS } from '../api/live';
import { filled, perMinute, series } from '../api/rates';
import type { History, Overview as Numbers, Queue } from '../api/types';
import { Chart, type Line } from '../parts/chart';
import { useLoaded } from '../parts/load';
import { Empty, ENQUEUE, Page, Panel, Waiting } from '../parts/panel';
import { Badge, Said, When } from '../parts/text';
import { href, refine, route } from '../route';
import { count, rate, share } from '../text/number';
import { duration } from '../text/time';

const RANGES: Record<string, [string, number]> = {
  live: ['5 min', 0],
  '1h': ['1 h', 60],
  '8h': ['8 h', 480],
  '72h': ['72 h', 4320],
  '14d': ['14 d', 20_160],
};
const STEP_MS = 5000;

export function Overview() {
  const numbers = overview.value;
  if (!numbers) return <Page title="Overview">{link.value !== 'offline' && <Waiting />}</Page>;
  return (
    <Page title="Overview">
      <Cards numbers={numbers} />
      <Charts />
      <Workload list={queues.value ?? []} />
    </Page>
  );
}

function Cards({ numbers }: { numbers: Numbers }) {
  const { totals, counters, workers, breaker, durability, store } = numbers;
  const hour = useHistory(60).data.value;
  const processed = perMinute(samples.value, (sample) => sample.counters.processed, now.value) ?? lastMinute(hour);
  return (
    <dl class="cards">
      <Card label="Waiting" value={count(totals.pending)} to={href('jobs', '', { state: 'pending' })} note="pending" />
      <Card label="Running" value={count(totals.reserved)} to={href('jobs', '', { state: 'reserved' })} note="reserved" />
      <Card label="Delayed" value={count(totals.delayed)} to={href('jobs', '', { state: 'delayed' })} note="not due yet" />
      <Card label="Failed" value={count(totals.failed)} to={href('failed')} tone={totals.failed ? 'failed' : ''} note="for good" />
      <Card label="Processed" value={processed === null ? '–' : rate(processed)} unit="/ min" note={`${count(counters.processed)} in all`} />
      <Card label="Success" value={share(counters.processed - counters.failed, counters.processed)} note={`${count(counters.retried)} retries, ${count(counters.timeouts)} timeouts`} />
      <Card
        label="Workers"
        value={count(workers.count)}
        to={href('workers')}
        tone={workers.count ? '' : 'failed'}
        note={workers.count ? `${count(workers.busy)} of ${count(workers.slots)} slots busy` : 'nothing runs'}
      />
      <Card label="Store" value={store} to={href('health')} tone={breaker && breaker !== 'closed' ? 'failed' : ''} note={[breaker && `breaker ${breaker.replace('_', ' ')}`, durability].filter(Boolean).join(' · ')} />
    </dl>
  );
}

/** By the history, until this page has seen enough by itself. */
function lastMinute(history: History | undefined): number | null {
  const last = history?.points.at(-1);
  return last ? (last.processed * 60) / history!.step_seconds : null;
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

function Charts() {
  const range = route.value.query.range ?? 'live';
  const minutes = RANGES[range]?.[1] ?? 0;
  const picks = (
    <div class="segments" role="group" aria-label="Time range">
      {Object.entries(RANGES).map(([name, [label]]) => (
        <button key={name} type="button" aria-pressed={range === name} onClick={() => refine({ range: name === 'live' ? undefined : name })}>
          {label}
        </button>
      ))}
    </div>
  );
  return (
    <div class="columns">
      <Panel title="Throughput" aside={picks}>
        {minutes ? <Past key={minutes} minutes={minutes} /> : <Live />}
      </Panel>
      <Panel title="Run time">
        <Times minutes={minutes || 60} />
      </Panel>
    </div>
  );
}

function Live() {
  const hour = useHistory(60).data.value;
  const line = (of: 'processed' | 'failed') => {
    const [times, values] = series(samples.value, (sample) => sample.counters[of], now.value, WINDOW_MS, STEP_MS);
    return [times, filled(times, values, hour, of)] as const;
  };
  const [times, processed] = line('processed');
  const [, failed] = line('failed');
  return (
    <>
      <Chart label="Jobs processed and failed per minute, the last five minutes" times={times} lines={throughput(processed, failed)} format={rate} />
      <p class="quiet">{link.value === 'live' ? 'As it happens; before this page was opened, by the history.' : `Updates: ${link.value}.`}</p>
    </>
  );
}

function throughput(processed: (number | null)[], failed: (number | null)[]): Line[] {
  return [
    { label: 'processed / min', tone: 'completed', values: processed, isArea: true },
    { label: 'failed / min', tone: 'failed', values: failed },
  ];
}

function useHistory(minutes: number) {
  return useLoaded(`${minutes}`, (signal) => get<History>('history', { minutes: String(minutes) }, signal), 30_000);
}

function Past({ minutes }: { minutes: number }) {
  const { data, problem } = useHistory(minutes);
  const history = data.value;
  if (!history) return problem.value ? <Empty>{problem.value.detail}</Empty> : <Waiting />;
  const each = (of: 'processed' | 'failed') => history.points.map((point) => (point[of] * 60) / history.step_seconds);
  return <Chart label={`Jobs processed and failed per minute, the last ${duration(minutes * 60_000)}`} times={seconds(history)} lines={throughput(each('processed'), each('failed'))} format={rate} />;
}

function Times({ minutes }: { minutes: number }) {
  const { data, problem } = useHistory(minutes);
  const history = data.value;
  if (!history) return problem.value ? <Empty>{problem.value.detail}</Empty> : <Waiting />;
  if (!history.points.some((point) => point.run_ms?.p50 != null)) return <Empty>No job has ended in the last {duration(minutes * 60_000)}.</Empty>;
  const each = (of: 'p50' | 'p95' | 'p99') => history.points.map((point) => point.run_ms?.[of] ?? null);
  const lines = [
    { label: 'p50', tone: 'reserved', values: each('p50') },
    { label: 'p95', tone: 'delayed', values: each('p95') },
    { label: 'p99', tone: 'quiet', values: each('p99') },
  ];
  return (
    <>
      <Chart label={`Run time of attempts, percentiles, the last ${duration(minutes * 60_000)}`} times={seconds(history)} lines={lines} format={duration} />
      <p class="quiet">How long attempts took, the last {duration(minutes * 60_000)}.</p>
    </>
  );
}

const seconds = (history: History) => history.points.map((point) => Date.parse(point.at) / 1000);

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
        <Empty curl={ENQUEUE}>No queue yet. The first job makes one:</Empty>
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
