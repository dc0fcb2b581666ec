#!/usr/bin/env node
// usage: index.mjs PUBLIC_DIR
// Indexes the words of a built site with Pagefind, into PUBLIC_DIR/pagefind/: every page in its own language; and what has names in
// other languages, under those, leading to the page in that language where the site has it. `zoo site build` runs it on the new site before that is put in place.
import { close, createIndex } from 'pagefind';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = resolve(process.argv[2] ?? '.');

function good({ errors, ...rest }) {
  if (errors?.length) throw new Error(errors.join('; '));
  return rest;
}

// The groups of the site's lists of names: `=address TAB kind`, and below it `id TAB label TAB other names`, some as `zh=悟道`.
async function* translated() {
  const labels = new Map();
  for (const list of ['names', 'more']) {
    const { default: names } = await import(pathToFileURL(join(folder, `search/${list}.js`)));
    let group;
    for (const line of names.split('\n')) {
      const [id, label, ...others] = line.split('\t');
      if (id.startsWith('=')) {
        group = { address: id.slice(1), kind: label };
        continue;
      }
      const url = group.address + ({ '=': encodeURIComponent(label || id), '#': id }[group.address.at(-1)] ?? `${id}/`);
      if (!labels.has(url)) labels.set(url, label || id);
      for (const other of others) {
        const [, language, name] = /^([a-z]{2})=(.*)$/.exec(other) ?? [];
        // An address is indexed once: a page under its own, its names under another that leads there as well.
        const [place, anchor] = url.split('#');
        const address = `/${place}${place.includes('?') ? '&' : '?'}in=${language}${anchor ? `#${anchor}` : ''}`;
        if (language) yield { url: address, language, name, label: labels.get(url), kind: group.kind };
      }
    }
  }
}

const { index } = good(await createIndex({ excludeSelectors: ['thead', 'svg', '.crumbs', '.unseen'] }));
for (const name of (await readdir(folder, { recursive: true })).filter(name => name.endsWith('.html')).sort()) {
  const html = await readFile(join(folder, name), 'utf8');
  // Cells and items are words of their own, also where nothing stands between them.
  const content = html.replace(/<\/(dt|dd|th|td|li|caption|summary)>/g, '$& ');
  good(await index.addHTMLFile({ sourcePath: name.replaceAll('\\', '/'), content }));
}
// What the pages of a language call it, and where they stand; an index holds what is of one tag.
const tags = { zh: 'zh-hans' };
const spoken = new Set((await readdir(folder)).filter(name => ['zh', 'de'].includes(name)));
for await (const { url, language, name, label, kind } of translated()) {
  // Browsers cut what is asked into words, and need not cut as the index does: so it holds their words, too.
  const parts = [...new Intl.Segmenter(language, { granularity: 'word' }).segment(name)].map(({ segment }) => segment).join(' ');
  const content = `${name}. ${label}. ${kind}.${language === 'zh' && parts !== name ? ` ${parts}` : ''}`;
  const [at, tag] = spoken.has(language) ? [`/${language}${url}`, tags[language] ?? language] : [url, language];
  good(await index.addCustomRecord({ url: at, language: tag, content, meta: { title: `${name} · ${label}` } }));
}
const made = join(folder, 'pagefind');
good(await index.writeFiles({ outputPath: made }));
await close();
// Interfaces that no page of ours loads.
for (const name of await readdir(made)) {
  if (/-(ui|highlight)\.(js|css)$/.test(name)) await rm(join(made, name));
}
