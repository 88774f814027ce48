/** Whether the server is well, what an inspection of the store finds, and who did what. */
import { useEffect, useState } from 'preact/hooks';
import { get, post, problemOf } from '../api/call';
import { overview } from '../api/live';
import { may } from '../api/session';
import type { AuditPage, Health as Found } from '../api/types';
import { isId } from '../jobs/filter';
import { parse } from '../json/node';
import { useLoaded } from '../parts/load';
import { Empty, Page, Panel, Trouble, Waiting } from '../parts/panel';
import { Badge, JobLink, Said, When } from '../parts/text';
import { Json } from '../parts/tree';
import { count } from '../text/number';

const LOOK_EVERY_MS = 5000;

export function Health() {
  const { data, problem } = useLoaded('health', (signal) => get<Found>('health', {}, signal), LOOK_EVERY_MS);
  const found = data.value;
  return (
    <Page title="Health">
      <Trouble problem={problem.value} />
      {found ? <Checks {...found} /> : !problem.value && <Waiting />}
      {may('operate') && <Verify />}
      <Audit />
    </Page>
  );
}

function Checks({ store, durability, ready, breaker, checks }: Found) {
  return (
    <>
      <dl class="facts">
        <div>
          <dt>Serves</dt>
          <dd>
            <Badge kind={ready ? 'completed' : 'failed'}>{ready ? 'ready' : 'not ready'}</Badge>
          </dd>
        </div>
        <div>
          <dt>Store</dt>
          <dd>
            <Said text={store} />
          </dd>
        </div>
        <div>
          <dt>Durability</dt>
          <dd>{durability ? <Said text={durability} /> : '–'}</dd>
        </div>
        <div>
          <dt>Breaker</dt>
          <dd>
            {breaker ? (
              <Badge kind={breaker === 'closed' ? 'completed' : 'failed'}>{breaker.replace('_', ' ')}</Badge>
            ) : (
              '–'
            )}
          </dd>
        </div>
        <div>
          <dt>Version</dt>
          <dd>
            <Said text={overview.value?.version ?? '–'} />
          </dd>
        </div>
      </dl>
      <Panel title="Checks" flush>
        <ul class="checks">
          {checks.map((check) => (
            <li key={check.name}>
              <Badge kind={check.ok ? 'completed' : 'failed'}>{check.ok ? 'ok' : 'fault'}</Badge>
              <strong>
                <Said text={check.name} />
              </strong>
              <Said text={check.detail} />
            </li>
          ))}
        </ul>
      </Panel>
    </>
  );
}

interface Report {
  findings?: ({ flaw: string; count: number } & Record<string, unknown>)[];
}

function Verify() {
  const [report, setReport] = useState<Report | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  const verify = async () => {
    setBusy(true);
    setFault('');
    try {
      setReport(await post<Report>('health/verify'));
    } catch (error) {
      setFault(problemOf(error).detail);
    }
    setBusy(false);
  };
  const findings = report?.findings ?? [];
  return (
    <Panel
      title="Verify the store"
      aside={
        <button type="button" class="primary" disabled={isBusy} onClick={() => void verify()}>
          {isBusy ? 'Looking…' : 'Verify'}
        </button>
      }
    >
      <p class="quiet">
        Looks whether each job is in exactly one place, each reserved one under a lease and each unique key with a
        living owner. It changes nothing; all goes on meanwhile.
      </p>
      <div aria-live="polite">
        {fault && <p class="fault">{fault}</p>}
        {report && !findings.length && <p class="success">No flaw found.</p>}
        {findings.length > 0 && (
          <ul class="checks inset">
            {findings.map(({ flaw, count: number, ...more }) => (
              <li key={flaw}>
                <Badge kind={number ? 'failed' : 'completed'}>{count(number)}</Badge>
                <strong>
                  <Said text={flaw.replace(/_/g, ' ')} />
                </strong>
                <Said
                  text={Object.values(more)
                    .filter((value) => typeof value === 'string')
                    .join(' ')}
                />
              </li>
            ))}
          </ul>
        )}
        {report && (
          <details>
            <summary>The whole report</summary>
            <Json node={parse(JSON.stringify(report))} label="Report" />
          </details>
        )}
      </div>
    </Panel>
  );
}

/** Rows at first, and at most: as many as the API gives at once. */
const ROWS = 20;
const MOST_ROWS = 1000;

function Audit() {
  const [limit, setLimit] = useState(ROWS);
  const { data, reload } = useLoaded(
    'audit',
    (signal) => get<AuditPage>('audit', { limit: String(limit) }, signal),
    LOOK_EVERY_MS * 2,
  );
  useEffect(() => {
    if (limit > ROWS) void reload();
  }, [limit]);
  if (!data.value) return null;
  const { rows, next_cursor } = data.value;
  return (
    <Panel title="Who did what" flush>
      {rows.length ? (
        <table>
          <thead>
            <tr>
              <th>When</th>
              <th>Who</th>
              <th>Action</th>
              <th>On</th>
              <th>Outcome</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, i) => (
              <tr key={i}>
                <td data-label="When">
                  <When at={row.at} />
                </td>
                <td data-label="Who">
                  <Said text={row.actor ?? 'nobody by name'} clip />
                </td>
                <td data-label="Action">
                  <Said text={row.action} clip />
                </td>
                <td data-label="On">
                  {isId(row.target ?? '') ? <JobLink id={row.target!} /> : <Said text={row.target ?? '–'} clip />}
                </td>
                <td data-label="Outcome">
                  <Said text={row.outcome} clip />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <Empty>Nobody has changed anything yet.</Empty>
      )}
      {next_cursor !== null && limit < MOST_ROWS && (
        <p class="more">
          <button type="button" onClick={() => setLimit(Math.min(limit * 5, MOST_ROWS))}>
            Load more
          </button>
        </p>
      )}
    </Panel>
  );
}
