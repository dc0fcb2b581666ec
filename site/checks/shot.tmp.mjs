import { chromium } from "playwright-core";
import { serve } from "./server.mjs";
const { base, close } = await serve(process.argv[2]);
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
for (const spec of process.argv.slice(3)) {
  const [path, name, mode = 'light', width = '1280', height = '0'] = spec.split(',');
  const context = await browser.newContext({ colorScheme: mode, viewport: { width: +width, height: +height || 900 } });
  const page = await context.newPage();
  await page.goto(base + '/' + path);
  await page.screenshot({ path: `/tmp/ch/${name}.png`, fullPage: height === '0' });
  await context.close();
}
await browser.close(); close();
