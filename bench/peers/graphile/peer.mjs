// graphile-worker: `fill N` adds N no-op jobs, `drain N` runs them with one worker and prints how long it took.
import { EventEmitter } from 'node:events';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';

const [task, count] = [process.argv[2], Number(process.argv[3])];
const connectionString = process.env.DATABASE_URL;
// It takes no schema from its connection, but has to be told: the one this drain has to itself.
const schema = new URL(connectionString).searchParams.get('options').replace('-c search_path=', '');
// Otherwise a line for each job.
const logger = new Logger(() => (level, message) => { if (level === 'error') console.error(message); });
const payload = { data: 'x'.repeat(200 - '{"data":""}'.length) };
const utils = await makeWorkerUtils({ connectionString, schema, logger });

if (task === 'fill') {
  await utils.migrate();
  for (let left = count; left > 0; left -= 1000) {
    await utils.addJobs(Array.from({ length: Math.min(left, 1000) }, () => ({ identifier: 'noop', payload })));
  }
} else {
  let started;
  let ended = 0;
  const events = new EventEmitter();
  const done = new Promise((resolve) => events.on('job:complete', () => { if (++ended === count) resolve(); }));
  const taskList = { noop: () => { started ??= performance.now(); } };
  const worker = { concurrentJobs: 24, localQueue: { size: 500 }, completeJobBatchDelay: 0 };
  const runner = await run({ connectionString, schema, logger, events, taskList, preset: { worker } });
  await done;
  // That it ended is told before the store knows.
  const left = `select count(*)::int as jobs from ${schema}.jobs`;
  while ((await utils.withPgClient((client) => client.query(left))).rows[0].jobs > 0);
  console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000 }));
  await runner.stop();
}
process.exit(0);
