/** The kinds of jobs this server knows, and a form for each. */
import { useState } from 'preact/hooks';
import { get, getText } from '../api/call';
import { may } from '../api/session';
import type { History, JobType } from '../api/types';
import { member, parse, type Node } from '../json/node';
import { DispatchForm } from '../parts/dispatch-form';
import { useLoaded } from '../parts/load';
import { Times } from '../parts/overview-charts';
import { Empty, Page, Panel, Trouble, Waiting } from '../parts/panel';
import { Badge, Said } from '../parts/text';
import { Json } from '../parts/tree';
import { href, route } from '../route';
import { count, share } from '../text/number';
import { duration } from '../text/time';

interface Known extends JobType {
  /** The schema with all its digits. */
  node: Node | undefined;
}

export function Types({ id }: { id: string }) {
  const { data, problem } = useLoaded('types', find);
  const types = data.value;
  const type = types?.find((type) => type.task_type === id);
  return (
    <Page
      title={id || 'Types'}
      aside={
        id && (
          <a class="button" href={href('types')}>
            All types
          </a>
        )
      }
    >
      <Trouble problem={problem.value} />
      {!types ? (
        !problem.value && <Waiting />
      ) : type ? (
        <One key={id} type={type} />
      ) : id ? (
        <Empty>This server knows no such type.</Empty>
      ) : (
        <All types={types} />
      )}
    </Page>
  );
}

async function find(signal: AbortSignal): Promise<Known[]> {
  const text = await getText('types', {}, signal);
  const list = member(parse(text), 'types');
  const nodes = list?.kind === 'array' ? list.items : [];
  return (JSON.parse(text) as { types: JobType[] }).types.map((type, i) => ({
    ...type,
    node: member(nodes[i], 'schema'),
  }));
}

function useLastDay(type: string) {
  return useLoaded(
    `day ${type}`,
    (signal) => get<History>('history', { minutes: '1440', task_type: type }, signal),
    60_000,
  ).data.value;
}

function All({ types }: { types: Known[] }) {
  const [text, setText] = useState('');
  const day = useLastDay('');
  const found = types.filter((type) =>
    `${type.task_type} ${type.description ?? ''}`.toLowerCase().includes(text.toLowerCase()),
  );
  if (!types.length)
    return (
      <Panel>
        <Empty>
          No type is registered. A job is a file in <code>jobs/</code>.
        </Empty>
      </Panel>
    );
  return (
    <>
      <search class="filters">
        <input
          type="search"
          data-search
          placeholder="Search types"
          aria-label="Search types"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </search>
      <Panel flush>
        <table>
          <thead>
            <tr>
              <th>Type</th>
              <th class="n">Processed, 24 h</th>
              <th class="n">Failed</th>
              <th class="n">p50</th>
              <th class="n">p95</th>
              <th class="n">p99</th>
            </tr>
          </thead>
          <tbody>
            {found.map((type) => {
              const of = day?.types?.find((row) => row.task_type === type.task_type);
              return (
                <tr key={type.task_type}>
                  <th scope="row" class="job">
                    <a class="name" href={href('types', type.task_type)}>
                      <Said text={type.task_type} clip />
                    </a>{' '}
                    {!type.offered && <Badge kind="cancelled">not offered</Badge>}
                    {type.description && (
                      <div class="about quiet">
                        <Said text={firstSentence(type.description)} />
                      </div>
                    )}
                  </th>
                  <td class="n" data-label="Processed, 24 h">
                    {of ? count(of.processed) : '–'}
                  </td>
                  <td class="n" data-label="Failed">
                    {of ? count(of.failed) : '–'}
                  </td>
                  <td class="n" data-label="p50">
                    {duration(of?.run_ms?.p50 ?? NaN)}
                  </td>
                  <td class="n" data-label="p95">
                    {duration(of?.run_ms?.p95 ?? NaN)}
                  </td>
                  <td class="n" data-label="p99">
                    {duration(of?.run_ms?.p99 ?? NaN)}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {!found.length && <Empty>No type has “{text}” in its name or description.</Empty>}
      </Panel>
    </>
  );
}

function One({ type }: { type: Known }) {
  const day = useLastDay(type.task_type);
  const of = day?.types?.find((row) => row.task_type === type.task_type);
  return (
    <>
      {type.description && (
        <p class="lead">
          <Said text={type.description} />
        </p>
      )}
      <dl class="facts">
        {type.rust_type && (
          <div>
            <dt>Rust type</dt>
            <dd class="mono">
              <Said text={type.rust_type} />
            </dd>
          </div>
        )}
        {type.source && (
          <div>
            <dt>Source</dt>
            <dd class="mono">
              <Said text={type.source} />
            </dd>
          </div>
        )}
        <div>
          <dt>Processed, 24 h</dt>
          <dd>{of ? count(of.processed) : '–'}</dd>
        </div>
        <div>
          <dt>Success</dt>
          <dd>{of ? share(of.processed - of.failed, of.processed) : '–'}</dd>
        </div>
        {of?.run_ms?.p50 != null && (
          <div>
            <dt>Run time p50 / p95 / p99</dt>
            <dd>{[of.run_ms.p50, of.run_ms.p95, of.run_ms.p99].map((ms) => duration(ms ?? NaN)).join(' / ')}</dd>
          </div>
        )}
        <div>
          <dt>Jobs</dt>
          <dd>
            <a href={href('jobs', '', { type: type.task_type })}>all</a>,{' '}
            <a href={href('jobs', '', { type: type.task_type, state: 'failed' })}>failed</a>
          </dd>
        </div>
      </dl>
      {day?.points.some((point) => point.run_ms?.p50 != null) && (
        <Panel title="Run time">
          <Times history={day} span="24 h" of="run_ms" />
        </Panel>
      )}
      <div class="columns">
        {!may('enqueue') ? null : type.offered ? (
          <DispatchForm type={type} from={route.value.query.from} />
        ) : (
          <Panel title="Dispatch">
            <Empty>This server does not take jobs of this type.</Empty>
          </Panel>
        )}
        <Panel title="Schema">
          {type.node && type.node.raw !== 'null' ? (
            <Json node={type.node} label="Schema" />
          ) : (
            <p class="quiet">Its payload has no schema: any JSON is sent as it is.</p>
          )}
        </Panel>
      </div>
    </>
  );
}

const firstSentence = (text: string) => text.split(/(?<=\.)\s/)[0]!.slice(0, 200);
