import assert from 'node:assert/strict';
import { scenario } from './support/stage.mjs';

scenario('a waiting job is cancelled', async ({ page, api, open }) => {
  const id = await api.enqueue('noop', {}, { delay: 3600 });
  await open(`#/jobs/${id}`);
  await page.getByRole('button', { name: 'Cancel' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Leave it' }).click();
  assert.equal((await api.get(`jobs/${id}`)).status, 'delayed');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('.facts .badge.is-cancelled').waitFor();
  await api.until(id, 'cancelled');
});

// News that come in just then may have the page look for it once more.
const GONE = { expected: [/status of 4(04|10)/] };

scenario('an ended job is deleted', async ({ page, api, open }) => {
  const id = await api.enqueue('noop', {});
  await api.until(id, 'completed');
  await open(`#/jobs/${id}`);
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.waitForURL('**/#/jobs');
  await page.getByText('Deleted.').waitFor();
  await api.assertGone(id);
}, GONE);

scenario('a failed job is retried with another payload', async ({ page, api, open }) => {
  // More digits than a double holds: none may be lost on the way through the page.
  const id = await api.enqueue('process_order', { order_id: 1, customer_email: 'nobody', items: [] });
  await api.until(id, 'failed');
  await open(`#/jobs/${id}`);
  await page.getByRole('button', { name: 'Edit and retry' }).click();
  const dialog = page.getByRole('dialog');
  await dialog
    .getByLabel('Payload, JSON')
    .fill('{"order_id": 9007199254740993, "customer_email": "ada@example.org", "items": []}');
  await dialog.getByRole('button', { name: 'Retry with this' }).click();
  await page.locator('.facts .badge.is-completed').waitFor();
  assert.ok(!page.url().endsWith(id));
  await page.locator('.tree', { hasText: '9007199254740993' }).first().waitFor();
  assert.equal((await api.get(`jobs/${id}`)).status, 'failed');
});
