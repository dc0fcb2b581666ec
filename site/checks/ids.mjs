// usage: node ids.mjs PUBLIC_DIR
// Exits 1 where a script makes an element with an id that a page has too: a style or a link would take one for the other.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { every } from './pages.mjs';

const [folder] = process.argv.slice(2);
function* scripts(at) {
  for (const entry of readdirSync(at, { withFileTypes: true })) {
    const path = join(at, entry.name);
    if (entry.isDirectory()) { if (entry.name !== 'pagefind') yield* scripts(path); } else if (/\.m?js$/.test(entry.name)) yield path;
  }
}

// `id: 'name'`, and of a template how it begins, before a number: `id: \`name-${at}\``.
const made = [...scripts(folder)].flatMap(path => [...readFileSync(path, 'utf8').matchAll(/\bid: ?(["'`])([a-z][\w-]*)(\$\{)?/g)].map(([, , name, open]) => ({ name, open: Boolean(open), path: relative(folder, path) })));
const clash = (id, { name, open }) => (open ? id.startsWith(name) && /^\d/.test(id.slice(name.length)) : id === name);
const found = new Map();
for (const { path } of every(folder)) {
  const text = readFileSync(join(folder, path.endsWith('/') ? `${path}index.html` : path), 'utf8');
  for (const [, id] of text.matchAll(/\sid="?([^\s">]+)/g)) for (const one of made) if (clash(id, one)) found.set(`${one.path} makes \`${one.name}\``, path);
}
for (const [what, path] of found) console.log(`${what}, which ${path} has`);
console.log(found.size === 0 ? `${made.length} ids of scripts are on no page` : `${found.size} clashes`);
process.exit(found.size === 0 ? 0 : 1);
