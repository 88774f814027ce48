/** What can be read and reached at each size, in each theme. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { scenario } from './support/stage.mjs';
import { pages, stock } from './support/stock.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SIZES = { 'a desk': { width: 1440, height: 900 }, 'a phone': { width: 360, height: 780 } };

for (const [where, viewport] of Object.entries(SIZES))
  for (const colorScheme of ['light', 'dark'])
    scenario(
      `on ${where}, ${colorScheme}: nothing sticks out, everybody can use it`,
      async ({ page, api, open }) => {
        const ids = await stock(api);
        await open('#/overview');
        await page.evaluate(AXE);
        for (const [hash] of pages(ids)) {
          await open(hash);
          await assertFine(page, hash);
        }
        await page.keyboard.press('?');
        await assertFine(page, 'the help');
        await page.keyboard.press('Escape');
        await open('#/queues');
        await page.getByRole('button', { name: 'Purge' }).first().click();
        await assertFine(page, 'the purge dialog');
      },
      // axe reads the pages with a style of its own.
      { context: { viewport, colorScheme, bypassCSP: true, reducedMotion: 'reduce' } },
    );

async function assertFine(page, what) {
  const stickingOut = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(stickingOut <= 0, `${what} scrolls sideways, by ${stickingOut} pixels`);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
  const grave = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  const told = grave.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 200)).join('\n  ')}`);
  assert.deepEqual(told, [], what);
}
