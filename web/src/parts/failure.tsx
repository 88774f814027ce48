/** An error as it was told, whole and wrapped, to read and to copy. */
import type { Failure } from '../api/types';
import { reveal } from '../text/reveal';
import { Badge, Copy } from './text';

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
