import assert from 'node:assert/strict';
import { scenario } from './support/stage.mjs';
import { until } from './support/until.mjs';

const LATER = { queue_name: 'sluice', delay: 3600 };

scenario('a queue is paused, resumed and purged', async ({ page, api, open }) => {
  await api.enqueue('noop', {}, LATER);
  await open('#/queues');
  const card = page.locator('.queue', { has: page.getByRole('heading', { name: 'sluice', exact: true }) });
  const shows = (number, state) => card.getByRole('link', { name: `${number} ${state}` }).waitFor();
  await shows(1, 'delayed');

  await card.getByRole('button', { name: 'Pause' }).click();
  await card.locator('.badge', { hasText: 'paused' }).waitFor();
  await api.enqueueAll(3, 'noop', {}, { queue_name: 'sluice' });
  await shows(3, 'pending');
  await card.getByRole('button', { name: 'Resume' }).click();
  await shows(3, 'completed');
  assert.equal(await card.locator('.badge', { hasText: 'paused' }).count(), 0);

  await card.getByRole('button', { name: 'Pause' }).click();
  await card.locator('.badge', { hasText: 'paused' }).waitFor();
  await api.enqueueAll(2, 'noop', {}, { queue_name: 'sluice' });
  await shows(2, 'pending');
  await card.getByRole('button', { name: 'Purge' }).click();
  const dialog = page.getByRole('dialog');
  const purge = dialog.getByRole('button', { name: 'Purge' });
  const name = dialog.getByLabel('Type the queue’s name');
  assert.ok(await purge.isDisabled());
  await name.fill('sluic');
  assert.ok(await purge.isDisabled());
  await name.fill('sluice');
  await purge.click();
  await dialog.getByText('3 jobs removed.').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await shows(0, 'pending');
  await shows(0, 'delayed');
  await shows(3, 'completed');
  await open('#/health');
  const row = page.locator('tr', { hasText: 'v1PurgeQueue' }).first();
  await row.getByText('purged 3').waitFor();
  assert.match(await row.innerText(), /sluice/);
  assert.match(await row.innerText(), /127\.0\.0\.1|admin/);
  await until('the store agrees', async () => {
    const { pending, delayed, completed, paused } = await api.queue('sluice');
    return paused && !pending && !delayed && completed === 3;
  });
});
