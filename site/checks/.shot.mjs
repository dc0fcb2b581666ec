import { chromium } from 'playwright-core';
import { mkdtempSync } from 'node:fs';
const [mode, ...paths] = process.argv.slice(2);
const opt = { light:{colorScheme:'light',viewport:{width:1280,height:900}}, dark:{colorScheme:'dark',viewport:{width:1280,height:900}}, phone:{colorScheme:'light',viewport:{width:390,height:844}} }[mode];
const c = await chromium.launchPersistentContext(mkdtempSync('/tmp/bp-'), {executablePath:'/usr/bin/chromium', headless:true, args:['--no-sandbox','--disable-gpu'], ...opt});
const p = await c.newPage();
for (const path of paths) { await p.goto('http://127.0.0.1:8931'+path); const full = process.env.FULL ? true : false; await p.screenshot({path:'/tmp/blkshots/'+mode+path.replaceAll('/','_')+'.png', fullPage: full}); }
await c.close();
