/** Why a job is not running, as the server explains it. */
import type { Explanation, Failure } from '../api/types';
import { FailureText } from './failure';
import { JobLink, Said, When } from './text';

const HEADS: Record<Explanation['runs'], string> = {
  now: 'It can run now',
  later: 'It runs later',
  never: 'It will not run as things stand',
  ended: 'It has ended',
  running: 'It is running',
};

export function Why({ runs, summary, reasons }: Explanation) {
  return (
    <section class={`why-box runs-${runs}`} aria-label="Why it is not running">
      <h2>{HEADS[runs]}</h2>
      {/* One reason says by itself what the summary would. */}
      {reasons.length !== 1 && (
        <p>
          <Said text={summary} />
        </p>
      )}
      {reasons.length > 0 && (
        <ul>
          {reasons.map(({ code, detail, ...more }) => (
            <li key={code}>
              <Said text={detail} />
              {typeof more.due_at === 'string' && (
                <>
                  {' '}
                  (<When at={more.due_at} />)
                </>
              )}
              {typeof more.held_by === 'string' && (
                <>
                  {' '}
                  Held by <JobLink id={more.held_by} />.
                </>
              )}
              {isFailure(more.error) && <FailureText failure={more.error} />}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function isFailure(value: unknown): value is Failure {
  return typeof value === 'object' && value !== null && 'kind' in value && 'message' in value;
}
