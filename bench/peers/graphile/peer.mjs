// graphile-worker: `fill N` adds N no-op jobs, `drain N` runs them with one worker and prints how long it took.
import { makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';

const [task, count] = [process.argv[2], Number(process.argv[3])];
const connectionString = process.env.DATABASE_URL;
const payload = JSON.stringify({ data: 'x'.repeat(200 - '{"data":""}'.length) });

if (task === 'fill') {
  const utils = await makeWorkerUtils({ connectionString });
  await utils.migrate();
  await utils.release();
  const client = new pg.Client({ connectionString });
  await client.connect();
  const add = `SELECT count(*) FROM generate_series(1, $1::int),
    LATERAL graphile_worker.add_job('noop', $2::json)`;
  for (let left = count; left > 0; left -= 10000) await client.query(add, [Math.min(left, 10000), payload]);
  await client.end();
} else {
  let started;
  let ended = 0;
  let finish;
  const finished = new Promise((resolve) => { finish = resolve; });
  const noop = async () => { started ??= performance.now(); };
  const preset = { worker: { concurrentJobs: 24, localQueue: { size: 500 } } };
  const runner = await run({ connectionString, taskList: { noop }, preset, noHandleSignals: true });
  runner.events.on('job:complete', () => { if (++ended === count) finish(); });
  await finished;
  console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000 }));
  await runner.stop();
}
process.exit(0);
