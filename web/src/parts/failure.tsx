/** An error as it was told, whole and wrapped, to read and to copy. */
import type { Failure } from '../api/types';
import { reveal } from '../text/reveal';
import { Badge, Copy, Said } from './text';

/** Its first line, to unfold: where the same error may stand several times. */
export function FailureFolded({ failure }: { failure: Failure }) {
  const first = failure.message.trim().split('\n')[0]!;
  return (
    <details class="folded">
      <summary>
        <Said text={first.slice(0, 160)} />
      </summary>
      <FailureText failure={failure} />
    </details>
  );
}

export function FailureText({ failure }: { failure: Failure }) {
  return (
    <div class="failure">
      <div class="actions">
        <Badge kind="failed">{failure.kind}</Badge>
        <Copy text={failure.message} />
      </div>
      <pre tabIndex={0} aria-label="Error">
        {reveal(failure.message)}
      </pre>
    </div>
  );
}
