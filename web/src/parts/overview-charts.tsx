/** How much is done, and how long it takes: as it happens, and by the history that the server keeps. */
import { get } from '../api/call';
import { link, now, samples, WINDOW_MS } from '../api/live';
import { filled, pastRate, series } from '../api/rates';
import type { History } from '../api/types';
import { refine, route } from '../route';
import { rate } from '../text/number';
import { duration } from '../text/time';
import { Chart, type Line } from './chart';
import { useLoaded, type Loaded } from './load';
import { Empty, Panel, Waiting } from './panel';

const RANGES: Record<string, [string, number]> = {
  live: ['5 min', 0],
  '1h': ['1 h', 60],
  '8h': ['8 h', 480],
  '72h': ['72 h', 4320],
  '14d': ['14 d', 20_160],
};
const STEP_MS = 5000;

export function useHistory(minutes: number): Loaded<History> {
  return useLoaded(`${minutes}`, (signal) => get<History>('history', { minutes: String(minutes) }, signal), 30_000);
}

/** `hour`: the history of the last hour, which the cards need too. */
export function Charts({ hour }: { hour: Loaded<History> }) {
  const range = route.value.query.range ?? 'live';
  const minutes = RANGES[range]?.[1] ?? 0;
  return minutes > 60 ? (
    <Ranged key={minutes} minutes={minutes} />
  ) : (
    <Pair minutes={60} past={hour} isLive={!minutes} />
  );
}

function Ranged({ minutes }: { minutes: number }) {
  return <Pair minutes={minutes} past={useHistory(minutes)} />;
}

interface PairProps {
  minutes: number;
  past: Loaded<History>;
  isLive?: boolean;
}

function Pair({ minutes, past, isLive }: PairProps) {
  const history = past.data.value;
  const span = duration(minutes * 60_000);
  const isWait = route.value.query.times === 'wait';
  const none = past.problem.value ? <Empty>{past.problem.value.detail}</Empty> : <Waiting />;
  return (
    <div class="columns">
      <Panel title="Throughput" aside={<Ranges />}>
        {isLive ? <Live past={history} /> : history ? <Past history={history} span={span} /> : none}
      </Panel>
      <Panel title={isWait ? 'Wait' : 'Run time'} aside={<Kinds isWait={isWait} />}>
        {history ? <Times history={history} span={span} of={isWait ? 'wait_ms' : 'run_ms'} /> : none}
      </Panel>
    </div>
  );
}

function Ranges() {
  const range = route.value.query.range ?? 'live';
  return (
    <div class="segments" role="group" aria-label="Time range">
      {Object.entries(RANGES).map(([name, [label]]) => (
        <button
          key={name}
          type="button"
          aria-pressed={range === name}
          onClick={() => refine({ range: name === 'live' ? undefined : name })}
        >
          {label}
        </button>
      ))}
    </div>
  );
}

function Kinds({ isWait }: { isWait: boolean }) {
  return (
    <div class="segments" role="group" aria-label="Which times">
      <button type="button" aria-pressed={!isWait} onClick={() => refine({ times: undefined })}>
        run
      </button>
      <button type="button" aria-pressed={isWait} onClick={() => refine({ times: 'wait' })}>
        wait
      </button>
    </div>
  );
}

function Live({ past }: { past: History | undefined }) {
  const line = (of: 'processed' | 'failed') => {
    const [times, values] = series(samples.value, (sample) => sample.counters[of], now.value, WINDOW_MS, STEP_MS);
    return [times, filled(times, values, past, of)] as const;
  };
  const [times, processed] = line('processed');
  const [, failed] = line('failed');
  return (
    <>
      <Chart
        label="Jobs processed and failed per minute, the last five minutes"
        times={times}
        lines={throughput(processed, failed)}
        format={rate}
      />
      <p class="caption">
        {link.value === 'live'
          ? 'As it happens; before this page was opened, by the history.'
          : `Updates: ${link.value}.`}
      </p>
    </>
  );
}

function Past({ history, span }: { history: History; span: string }) {
  const each = (of: 'processed' | 'failed') =>
    history.points.map((_, i) => pastRate(history, i, of, now.value));
  return (
    <>
      <Chart
        label={`Jobs processed and failed per minute, the last ${span}`}
        times={seconds(history)}
        lines={throughput(each('processed'), each('failed'))}
        format={rate}
      />
      <p class="caption">Averages of {duration(history.step_seconds * 1000)} each.</p>
    </>
  );
}

function throughput(processed: (number | null)[], failed: (number | null)[]): Line[] {
  return [
    { label: 'processed / min', tone: 'completed', values: processed, isArea: true },
    { label: 'failed / min', tone: 'failed', values: failed },
  ];
}

export function Times({ history, span, of }: { history: History; span: string; of: 'run_ms' | 'wait_ms' }) {
  if (!history.points.some((point) => point[of]?.p50 != null))
    return <Empty>No job has ended in the last {span}.</Empty>;
  const each = (rank: 'p50' | 'p95' | 'p99') => history.points.map((point) => point[of]?.[rank] ?? null);
  const what = of === 'run_ms' ? 'How long attempts took' : 'How long jobs waited for a worker';
  const lines = [
    { label: 'p50', tone: 'reserved', values: each('p50') },
    { label: 'p95', tone: 'delayed', values: each('p95') },
    { label: 'p99', tone: 'quiet', values: each('p99') },
  ];
  return (
    <>
      <Chart
        label={`${what}, percentiles, the last ${span}`}
        times={seconds(history)}
        lines={lines}
        format={duration}
      />
      <p class="caption">
        {what}, the last {span}.
      </p>
    </>
  );
}

const seconds = (history: History) => history.points.map((point) => Date.parse(point.at) / 1000);
