/** What became of a job, step by step, with how long each took. */
import type { ComponentChildren } from 'preact';
import { now } from '../api/live';
import type { JobStatus } from '../api/types';
import { timeline, type Stretch } from '../jobs/timeline';
import { duration, exact, instant } from '../text/time';
import { FailureFolded } from './failure';
import { Badge, Said, StateBadge, When } from './text';

const NAMES: Record<Stretch['kind'], string> = {
  delayed: 'Scheduled for later',
  waiting: 'Waited in the queue',
  backoff: 'Waited for the next try',
  run: 'Ran',
};
const GOOD = ['completed', 'released', 'snoozed', 'requeued'];

export function Timeline({ job }: { job: JobStatus }) {
  const stretches = timeline(job);
  const isCut = (job.history[0]?.attempt ?? 1) > 1;
  return (
    <>
      <Bar stretches={stretches} />
      <ol class="timeline">
        <Step kind="created" head="Created" at={job.created_at} />
        {isCut && <Step kind="cut" head={`Attempts before number ${job.history[0]!.attempt} are not kept`} />}
        {stretches.map((stretch, i) => (
          <Leg
            key={i}
            stretch={stretch}
            attempt={stretch.attempt?.attempt ?? job.attempts}
            isSame={isSame(stretch, stretches.slice(0, i))}
            job={job}
          />
        ))}
        {job.finished_at && (
          <Step kind={job.status} head={<StateBadge state={job.status} />} at={job.finished_at}>
            {duration(instant(job.finished_at) - instant(job.created_at))} from beginning to end
          </Step>
        )}
      </ol>
    </>
  );
}

/** The same in proportion. Short stretches stay wide enough to be seen. */
function Bar({ stretches }: { stretches: Stretch[] }) {
  return (
    <div class="bar" aria-hidden="true">
      {stretches.map((stretch, i) => (
        <span
          key={i}
          class={`leg-${tone(stretch)}`}
          style={{ flexGrow: Math.max(1, Math.sqrt(span(stretch))) }}
          title={`${NAMES[stretch.kind]}: ${duration(span(stretch))}`}
        />
      ))}
    </div>
  );
}

interface LegProps {
  stretch: Stretch;
  attempt: number;
  /** It failed as the attempt before it did. */
  isSame: boolean;
  job: JobStatus;
}

function Leg({ stretch, attempt, isSame, job }: LegProps) {
  const took = duration(span(stretch));
  if (stretch.kind !== 'run') {
    const isOpen = stretch.to === null;
    const head = isOpen
      ? { delayed: 'Scheduled', waiting: 'Waits in the queue', backoff: 'Waits for the next try', run: '' }[
          stretch.kind
        ]
      : NAMES[stretch.kind];
    return (
      <Step kind={stretch.kind} head={head} took={took}>
        {isOpen && job.status === 'delayed' && (
          <>
            due <When at={job.available_at} />
          </>
        )}
      </Step>
    );
  }
  const ended = stretch.attempt;
  return (
    <Step kind={tone(stretch)} head={`Attempt ${attempt}`} at={ended?.started_at ?? job.started_at} took={took}>
      {ended ? (
        <Badge kind={ended.outcome === 'completed' ? 'completed' : GOOD.includes(ended.outcome) ? 'delayed' : 'failed'}>
          {ended.outcome}
        </Badge>
      ) : (
        <StateBadge state="reserved" />
      )}{' '}
      on <Said text={ended?.worker ?? job.worker ?? 'an unknown worker'} />
      {isSame ? ', the same error' : ended?.error && <FailureFolded failure={ended.error} />}
    </Step>
  );
}

interface StepProps {
  kind: string;
  head: ComponentChildren;
  at?: string | null;
  took?: string;
  children?: ComponentChildren;
}

function Step({ kind, head, at, took, children }: StepProps) {
  return (
    <li class={`step leg-${kind}`}>
      <div class="step-head">
        <strong>{head}</strong>
        {took && <span class="took">{took}</span>}
        {at && (
          <span class="quiet at">
            <When at={at} /> · {exact(at).slice(11, 23)}
          </span>
        )}
      </div>
      {children && <div class="step-body">{children}</div>}
    </li>
  );
}

function isSame(stretch: Stretch, before: Stretch[]): boolean {
  const error = stretch.attempt?.error;
  const last = before.findLast((one) => one.attempt)?.attempt?.error;
  return !!error && error.kind === last?.kind && error.message === last.message;
}

const span = (stretch: Stretch) => Math.max(0, (stretch.to ?? now.value) - stretch.from);

function tone(stretch: Stretch): string {
  if (stretch.kind !== 'run') return stretch.kind;
  if (!stretch.attempt) return 'reserved';
  return stretch.attempt.outcome === 'completed'
    ? 'completed'
    : GOOD.includes(stretch.attempt.outcome)
      ? 'delayed'
      : 'failed';
}
