// Finds things by their names: what is typed may be a beginning, a part, initials, or one slip away.
// Nothing here knows of a page, so that it runs wherever JavaScript does.
// The names of the page's language; without a page, those of English.
const folder = { 'zh-Hans': '../zh/search/', de: '../de/search/' }[globalThis.document?.documentElement.lang] ?? './';
const { default: names } = await import(`${folder}names.js`);

const LETTERS = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i' };
// Checks have long names of common words, and few people look for one.
const CHECK = 1.5;
const HAN = /[぀-ヿ㐀-鿿가-힯豈-﫿]/;

// Small letters without accents.
const fold = text => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/[ßæœøłđðþı]/g, c => LETTERS[c]);
const words = text => fold(text).match(/[\p{L}\p{N}]+/gu) ?? [];

// Whether `typed` is the beginning of `name`, but for one letter missing, added, other or swapped with its neighbour.
function near(typed, name) {
  let at = 0;
  while (at < typed.length && typed[at] === name[at]) at++;
  const [rest, left] = [typed.slice(at), name.slice(at)];
  const swapped = rest.length > 1 && rest[0] === left[1] && rest[1] === left[0];
  return left.startsWith(rest) || left.slice(1).startsWith(rest.slice(1)) || left.startsWith(rest.slice(1))
    || left.slice(1).startsWith(rest) || (swapped && left.slice(2).startsWith(rest.slice(2)));
}

// Things by their addresses from the top of the site. A file holds groups: `=address TAB kind`, and below it `id TAB label TAB other
// names`. What is known already gains names.
const entries = new Map();
function learn(file) {
  let group;
  for (const line of file.split('\n')) {
    const [id, label, ...others] = line.split('\t');
    if (id.startsWith('=')) {
      group = { address: id.slice(1), kind: label };
      continue;
    }
    const address = group.address + (group.address.endsWith('#') ? id : `${id}/`);
    if (!entries.has(address)) entries.set(address, { label: label || id, address, kind: group.kind, known: [label || id, id].map(known) });
    entries.get(address).known.push(...others.map(name => known(name.replace(/^[a-z]{2}=/, ''))));
  }
}

function known(text) {
  const parts = words(text);
  return { text, parts, whole: parts.join(''), initials: parts.length > 1 ? parts.map(part => part[0]).join('') : '' };
}

learn(names);

let rest;
// The names that are worth loading once somebody types: of labs and checks, and in other languages.
export const more = () => (rest ??= import(`${folder}more.js`).then(file => learn(file.default)));

// How far a name is from what is typed: less is nearer, nothing is not at all.
function distance(known, typed, parts) {
  const { whole, initials } = known;
  if (whole === typed) return 0;
  if (whole.startsWith(typed)) return 1 + (whole.length - typed.length) / 100;
  if (initials === typed) return 1.3;
  if (parts.every(part => known.parts.some(other => other.startsWith(part)))) return 2;
  if (whole.includes(typed) && (typed.length > 2 || HAN.test(typed))) return 3;
  if (typed.startsWith(whole) && whole.length > 2) return 3.5 - whole.length / 100;
  if (HAN.test(typed) || typed.length < 3) return undefined;
  if (near(typed, whole) && typed.length > 3 - (whole.length < 5)) return 4 + Math.abs(whole.length - typed.length) / 100;
  const slips = part => known.parts.some(other => other.startsWith(part) || (part.length > 3 && near(part, other)));
  return parts.every(slips) ? 5 : undefined;
}

// The nearest things, nearest first: label, address from the top of the site, kind, and the name that was meant if it is another.
export function find(text, limit) {
  const parts = words(text);
  const typed = parts.join('');
  if (!typed) return [];
  const found = [];
  let order = 0;
  for (const entry of entries.values()) {
    let best;
    entry.known.forEach((known, at) => {
      const far = distance(known, typed, parts);
      const all = far + Math.min(at, 2) / 20 + (entry.address.startsWith('conformance/') ? CHECK : 0);
      if (far !== undefined && !(best?.far <= all)) best = { far: all, at };
    });
    if (best) found.push({ ...entry, other: best.at > 1 ? entry.known[best.at].text : '', far: best.far, order: order++ });
  }
  found.sort((a, b) => a.far - b.far || a.order - b.order);
  return found.slice(0, limit).map(({ label, address, kind, other }) => ({ label, address, kind, other }));
}
