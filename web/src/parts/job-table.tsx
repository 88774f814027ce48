/** Rows of jobs. On a phone each row is a card. */
import { useRef } from 'preact/hooks';
import { now } from '../api/live';
import type { JobSummary, State } from '../api/types';
import { href } from '../route';
import { duration, instant } from '../text/time';
import { Badge, JobLink, Said, StateBadge, Tags, When } from './text';

interface Props {
  rows: JobSummary[];
  /** The one state that is listed. */
  state: State | undefined;
  /** Without it nothing can be picked. */
  picked?: ReadonlySet<string>;
  isAll: boolean;
  /** Rows that have left the list since it was shown. */
  gone: ReadonlySet<string>;
  onPick: (picked: ReadonlySet<string>) => void;
}

const TIMES: Record<State, string> = {
  pending: 'Waits since',
  delayed: 'Due',
  reserved: 'Started',
  completed: 'Ended',
  failed: 'Ended',
  cancelled: 'Ended',
};

export function JobTable({ rows, state, picked, isAll, gone, onPick }: Props) {
  const lastPick = useRef(0);
  const isWhole = isAll || rows.every((row) => picked?.has(row.task_id));
  return (
    <div class="panel flush">
      <table class="jobs">
        <thead>
          <tr>
            {picked && (
              <th class="pick">
                <input
                  type="checkbox"
                  aria-label="Select all shown"
                  checked={isWhole}
                  disabled={isAll}
                  onChange={() => onPick(new Set(isWhole ? [] : rows.map((row) => row.task_id)))}
                />
              </th>
            )}
            <th>State</th>
            <th>Job</th>
            <th>Queue</th>
            <th class="n">Attempts</th>
            <th>Took</th>
            <th>{state ? TIMES[state] : 'Time'}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((job, i) => (
            <Row
              key={job.task_id}
              job={job}
              isPicked={picked && (isAll || picked.has(job.task_id))}
              isAll={isAll}
              isGone={gone.has(job.task_id)}
              onPick={(isRange) => {
                const changed = new Set(picked);
                // With Shift, all from the last one on become as this one.
                const [from, to] = isRange ? [Math.min(i, lastPick.current), Math.max(i, lastPick.current)] : [i, i];
                const isOn = !changed.has(job.task_id);
                for (const { task_id } of rows.slice(from, to + 1)) {
                  if (isOn) changed.add(task_id);
                  else changed.delete(task_id);
                }
                lastPick.current = i;
                onPick(changed);
              }}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  job: JobSummary;
  isPicked: boolean | undefined;
  isAll: boolean;
  isGone: boolean;
  onPick: (isRange: boolean) => void;
}

function Row({ job, isPicked, isAll, isGone, onPick }: RowProps) {
  const name = job.task_type ?? 'unreadable';
  return (
    <tr class={isPicked ? 'picked' : undefined}>
      {isPicked !== undefined && (
        <td class="pick">
          <input
            type="checkbox"
            aria-label={`Select ${job.task_id}`}
            checked={isPicked}
            disabled={isAll}
            onClick={(event) => onPick(event.shiftKey)}
          />
        </td>
      )}
      <td data-label="State">{isGone ? <Badge kind="gone">moved on</Badge> : <StateBadge state={job.status} />}</td>
      <td class="job">
        <a class="name" href={href('jobs', job.task_id)}>
          <Said text={name} clip />
        </a>{' '}
        <JobLink id={job.task_id} /> <Tags tags={job.tags} />
        {job.error && job.status !== 'completed' && (
          <div class="why">
            {job.error.kind}: <Said text={job.error.message.slice(0, 300)} />
          </div>
        )}
      </td>
      <td data-label="Queue">
        <a href={href('jobs', '', { queue: job.queue_name })}>
          <Said text={job.queue_name} clip />
        </a>{' '}
        {job.priority !== 'normal' && <Badge kind={`p-${job.priority}`}>{job.priority}</Badge>}
      </td>
      <td class="n" data-label="Attempts">
        {job.attempts}
        <span class="quiet"> / {job.max_tries === null ? '?' : job.max_tries || '∞'}</span>
      </td>
      <td data-label="Took" class="took">
        {took(job)}
      </td>
      <td data-label={TIMES[job.status]} class="time">
        <When at={timeOf(job)} />
      </td>
    </tr>
  );
}

/** How long its latest attempt ran, or has run so far. */
function took(job: JobSummary): string {
  if (!job.started_at) return '–';
  if (job.status === 'reserved') return duration(Math.max(0, now.value - instant(job.started_at)));
  return job.finished_at && job.status !== 'cancelled'
    ? duration(instant(job.finished_at) - instant(job.started_at))
    : '–';
}

function timeOf(job: JobSummary): string | null {
  switch (job.status) {
    case 'pending':
    case 'delayed':
      return job.available_at;
    case 'reserved':
      return job.started_at;
    default:
      return job.finished_at;
  }
}
