let stocked;

/** Jobs in every state, for scenarios that look at pages; made once. Ids by state. */
export const stock = (api) => (stocked ??= make(api));

async function make(api) {
  const ids = {
    completed: await api.enqueue('echo', { value: { number: 9007199254740993n.toString(), list: [1, null, true] } }),
    failed: await api.enqueue('flaky', { failures: 9 }, { max_tries: 3, tags: ['billing', 'customer:4711'] }),
    delayed: await api.enqueue('send_notification', { user_id: 1, message: 'later' }, { delay: 3600, priority: 'high' }),
    reserved: await api.enqueue('sleep', { seconds: 3600 }, { timeout: 3600 }),
    cancelled: await api.enqueue('noop', {}, { delay: 3600 }),
    lost: await api.enqueue('process_order', { order_id: 1, customer_email: 'not an address', items: [{ sku: 'A' }] }),
  };
  await api.send('POST', `jobs/${ids.cancelled}/cancel`, {});
  await api.send('POST', 'queues/held/pause', {});
  ids.pending = await api.enqueue('noop', {}, { queue_name: 'held', priority: 'critical' });
  await api.until(ids.completed, 'completed');
  await api.until(ids.failed, 'failed');
  await api.until(ids.lost, 'failed');
  await api.until(ids.reserved, 'reserved');
  return ids;
}

/** Every page there is, and what its heading says. */
export function pages(ids) {
  return [
    ['#/overview', 'Overview'],
    ['#/overview?range=8h&times=wait', 'Overview'],
    ['#/jobs', 'Jobs'],
    ['#/jobs?state=failed&text=attempt&in=error&within=24h', 'Jobs'],
    ['#/jobs?tag=of-no-job', 'Jobs'],
    [`#/jobs/${ids.completed}`, 'echo'],
    [`#/jobs/${ids.failed}`, 'flaky'],
    [`#/jobs/${ids.delayed}`, 'send_notification'],
    [`#/jobs/${ids.reserved}`, 'sleep'],
    [`#/jobs/${ids.pending}`, 'noop'],
    [`#/jobs/${ids.cancelled}`, 'noop'],
    ['#/failed', 'Failed'],
    ['#/queues', 'Queues'],
    ['#/types', 'Types'],
    ['#/types/process_order', 'process_order'],
    ['#/types/of_no_kind', 'of_no_kind'],
    ['#/workers', 'Workers'],
    ['#/health', 'Health'],
    ['#/nowhere', 'Nothing here'],
  ];
}
