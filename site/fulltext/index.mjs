#!/usr/bin/env node
// usage: index.mjs PUBLIC_DIR
// Indexes the words of a built site with Pagefind, into PUBLIC_DIR/pagefind/: every page in its own language; and what has names in
// other languages, under those. `zoo site build` runs it on the new site before that is put in place.
import { close, createIndex } from 'pagefind';
import { readdir, rm } from 'node:fs/promises';
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
        if (language) yield { url: `/${url}`, language, name, label: labels.get(url), kind: group.kind };
      }
    }
  }
}

const { index } = good(await createIndex({ excludeSelectors: ['thead', 'svg', '.crumbs', '.unseen'] }));
good(await index.addDirectory({ path: folder }));
for await (const { url, language, name, label, kind } of translated()) {
  good(await index.addCustomRecord({ url, language, content: `${name}. ${label}. ${kind}.`, meta: { title: `${name} · ${label}` } }));
}
const made = join(folder, 'pagefind');
good(await index.writeFiles({ outputPath: made }));
await close();
// Interfaces that no page of ours loads.
for (const name of await readdir(made)) {
  if (/-(ui|highlight)\.(js|css)$/.test(name)) await rm(join(made, name));
}
