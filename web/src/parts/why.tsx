/** Why a job is not running, as the server explains it. */
import type { Explanation } from '../api/types';
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
          {reasons.map((reason) => (
            <li key={reason.code}>
              <Said text={reason.detail} />
              {'due_at' in reason && (
                <>
                  {' '}
                  (<When at={reason.due_at} />)
                </>
              )}
              {'held_by' in reason && (
                <>
                  {' '}
                  {reason.held_by.map((id) => (
                    <span key={id}>
                      <JobLink id={id} />{' '}
                    </span>
                  ))}
                </>
              )}
              {'error' in reason && <FailureText failure={reason.error} />}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
