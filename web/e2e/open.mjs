import { scenario } from './support/stage.mjs';
import { pages, stock } from './support/stock.mjs';

// That nothing complains, nothing breaks the policy and nothing is asked of others, the stage sees to.
scenario('every page opens', async ({ page, api, base, open }) => {
  const ids = await stock(api);
  for (const [hash, title] of pages(ids)) {
    await open(hash);
    await page.locator('h1', { hasText: title }).waitFor();
  }
  // And from nothing, as a link does that somebody was sent.
  for (const [hash, title] of pages(ids)) {
    await page.goto('about:blank');
    await page.goto(`${base}dashboard/${hash}`);
    await page.locator('h1', { hasText: title }).waitFor();
  }
});
