// BullMQ: `fill N` adds N no-op jobs, `drain N` runs them with one worker and prints how long it took.
import { Queue, Worker } from 'bullmq';

const [task, count] = [process.argv[2], Number(process.argv[3])];
const url = new URL(process.env.REDIS_URL);
const connection = { host: url.hostname, port: Number(url.port), maxRetriesPerRequest: null };
const payload = { data: 'x'.repeat(200 - '{"data":""}'.length) };

if (task === 'fill') {
  const queue = new Queue('bench', { connection });
  for (let left = count; left > 0; left -= 1000) {
    const bulk = Array.from({ length: Math.min(left, 1000) }, () => ({ name: 'noop', data: payload }));
    await queue.addBulk(bulk);
  }
  await queue.close();
} else {
  let started;
  let ended = 0;
  const done = Promise.withResolvers?.() ?? {};
  done.promise ??= new Promise((resolve) => { done.resolve = resolve; });
  const worker = new Worker('bench', async () => { started ??= performance.now(); }, { connection, concurrency: 50 });
  worker.on('error', (error) => { console.error(error); process.exit(1); });
  worker.on('completed', () => { if (++ended === count) done.resolve(); });
  await done.promise;
  console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000 }));
  await worker.close();
}
process.exit(0);
