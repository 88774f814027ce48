/** JSON as a tree to fold, or as it was written. */
import { useState } from 'preact/hooks';
import { pretty, type Node } from '../json/node';
import { plural } from '../text/number';
import { reveal } from '../text/reveal';
import { Copy } from './text';

/** Levels that are open to begin with. */
const OPEN = 2;
/** Members shown at once; a list of 100 000 would stop the page. */
const SHOWN = 100;

export function Json({ node, label }: { node: Node; label: string }) {
  const [isRaw, setRaw] = useState(false);
  return (
    <div class="json">
      <div class="actions end">
        <button type="button" class="small" aria-pressed={isRaw} onClick={() => setRaw(!isRaw)}>
          Raw
        </button>
        <Copy text={isRaw ? node.raw : pretty(node)} />
      </div>
      {isRaw ? (
        <pre tabIndex={0} aria-label={label}>
          {reveal(node.raw)}
        </pre>
      ) : (
        <div class="tree mono">
          <Branch node={node} depth={0} />
        </div>
      )}
    </div>
  );
}

function Branch({ name, node, depth }: { name?: string; node: Node; depth: number }) {
  const [isOpen, setOpen] = useState(depth < OPEN);
  const [shown, setShown] = useState(SHOWN);
  const label = name !== undefined && <span class="key">{reveal(name)}: </span>;
  if (node.kind !== 'object' && node.kind !== 'array')
    return (
      <div>
        {label}
        <span class={`v-${node.kind}`}>{reveal(node.raw)}</span>
      </div>
    );
  const members: [string, Node][] =
    node.kind === 'object' ? node.members : node.items.map((item, i) => [String(i), item]);
  if (!members.length)
    return (
      <div>
        {label}
        {node.kind === 'object' ? '{}' : '[]'}
      </div>
    );
  const size = node.kind === 'object' ? plural(members.length, 'member') : plural(members.length, 'item');
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {label}
        <span class="quiet">{size}</span>
      </summary>
      {isOpen &&
        members
          .slice(0, shown)
          .map(([name, inner], i) => <Branch key={i} name={name} node={inner} depth={depth + 1} />)}
      {isOpen && members.length > shown && (
        <button type="button" class="small" onClick={() => setShown(shown + 1000)}>
          {members.length - shown} more
        </button>
      )}
    </details>
  );
}
