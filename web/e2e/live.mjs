import assert from 'node:assert/strict';
import { scenario } from './support/stage.mjs';
import { until } from './support/until.mjs';

scenario('the overview moves as jobs come and go', async ({ page, api, open }) => {
  await open('#/overview');
  await page.getByRole('button', { name: 'Live', exact: true }).waitFor();
  await page.evaluate(() => (window.isSame = true));
  const card = (label) => page.locator('.card', { has: page.getByText(label, { exact: true }) });
  const number = async (label) => Number((await card(label).locator('.value').innerText()).replace(/\D/g, ''));
  const inAll = async () => Number((await card('Processed').locator('.note').innerText()).replace(/\D/g, ''));

  const [delayed, processed] = [await number('Delayed'), await inAll()];
  const id = await api.enqueue('noop', {}, { queue_name: 'brook', delay: 3600 });
  await until('a delayed job is counted', async () => (await number('Delayed')) === delayed + 1);
  await page.getByRole('rowheader', { name: 'brook' }).waitFor();
  assert.equal((await api.send('POST', `jobs/${id}/run`, {})).status, 200);
  await until('it has left', async () => (await number('Delayed')) === delayed);
  await until('it has run', async () => (await inAll()) > processed);
  assert.ok(await page.evaluate(() => window.isSame));
});
