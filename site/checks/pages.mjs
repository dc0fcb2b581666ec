// Which pages of a site stand for all: `models/bert/source/index.html` is of the type `models/*/source/`.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

function* files(at) {
  for (const entry of readdirSync(at, { withFileTypes: true })) {
    const path = join(at, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (entry.name.endsWith('.html')) yield path;
  }
}

// Every page with its size, sorted by address.
export function every(folder) {
  const page = file => ({ path: '/' + relative(folder, file).split(sep).join('/').replace(/index\.html$/, ''), size: statSync(file).size });
  // What has moved only leads on.
  const stands = file => !readFileSync(file, 'utf8').includes('http-equiv="refresh"');
  return [...files(folder)].sort().filter(stands).map(page);
}

// The languages beside English, which is at the top.
export const others = ['zh', 'de'];
const language = path => others.find(other => path.startsWith(`/${other}/`)) ?? '';

// The pages of each type in a language, the smallest first. A name stands for its siblings, a page for its type.
export function types(folder, spoken = '') {
  const types = new Map();
  for (const { path, size } of every(folder).filter(page => language(page.path) === spoken)) {
    const page = { path: path.slice(spoken ? spoken.length + 1 : 0), size, full: path };
    const [first, ...rest] = page.path.split('/').slice(1, -1);
    const type = [first, ...rest.map(name => (['source', 'evidence', 'modules', 'planted'].includes(name) ? name : '*'))].join('/') + (page.path.endsWith('.html') ? page.path : '');
    types.set(type, [...(types.get(type) ?? []), page]);
  }
  for (const same of types.values()) same.sort((a, b) => a.size - b.size);
  return types;
}
