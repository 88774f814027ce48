import assert from 'node:assert/strict';
import { scenario } from './support/stage.mjs';
import { until } from './support/until.mjs';

const PAGES = { j: 'jobs', f: 'failed', q: 'queues', t: 'types', w: 'workers', h: 'health', o: 'overview' };

scenario('keys lead to the pages', async ({ page, open }) => {
  await open();
  for (const [key, name] of Object.entries(PAGES)) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await page.waitForURL(`**/#/${name}`);
    await page.locator('nav [aria-current=page]', { hasText: new RegExp(name, 'i') }).waitFor();
  }
});

scenario('keys search, help and change the theme', async ({ page, open }) => {
  await open();
  await page.keyboard.press('/');
  await page.waitForURL('**/#/jobs');
  await until('the search has the focus', () => focusIs(page, '[data-search]'));
  await page.keyboard.type('g q /?t');
  await page.waitForURL(/text=g/);
  assert.equal(await page.locator('[data-search]').inputValue(), 'g q /?t');
  await page.keyboard.press('Escape');
  assert.ok(!(await focusIs(page, '[data-search]')));

  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('out of tries').waitFor();
  for (let i = 0; i < 5; i++) {
    await page.keyboard.press('Tab');
    assert.ok(await focusIs(page, 'body, dialog *'), 'the focus has left the dialog');
  }
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });

  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  for (const next of ['light', 'dark', 'system']) {
    await page.keyboard.press('t');
    assert.equal(await theme(), next);
  }
});

scenario('a job is found and run without a mouse', async ({ page, api, open }) => {
  const id = await api.enqueue('noop', {}, { delay: 3600, tags: ['by-hand'] });
  await open();
  await page.keyboard.press('/');
  await until('the search has the focus', () => focusIs(page, '[data-search]'));
  await page.keyboard.type(id);
  await page.waitForURL(`**/#/jobs/${id}`);
  const run = page.getByRole('button', { name: 'Run now' });
  await run.waitFor();
  await tabTo(page, run);
  await page.keyboard.press('Enter');
  await page.locator('.facts .badge.is-completed').waitFor();

  const remove = page.getByRole('button', { name: 'Delete' });
  await remove.waitFor();
  await tabTo(page, remove);
  await page.keyboard.press('Enter');
  const sure = page.getByRole('dialog').getByRole('button', { name: 'Delete' });
  await tabTo(page, sure);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/#/jobs');
  await api.assertGone(id);
  // News that come in just then may have the page look for it once more.
}, { expected: [/status of 4(04|10)/] });

const focusIs = (page, selector) => page.evaluate((selector) => document.activeElement.matches(selector), selector);

/** Where the focus is has to be seen, too. */
async function tabTo(page, target) {
  for (let presses = 0; presses < 40; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) {
      const outline = await target.evaluate((element) => getComputedStyle(element).outlineStyle);
      assert.notEqual(outline, 'none', 'the focus cannot be seen');
      return;
    }
    await page.keyboard.press('Tab');
  }
  assert.fail(`40 presses of Tab do not lead to ${target}`);
}
