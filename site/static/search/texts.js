// Finds pages by their words, in the indexes that Pagefind made of them: one a language. Nothing here knows of the page it runs in.
const top = new URL('..', import.meta.url);
const indexes = new Map();

// The index of one language.
async function index(language) {
  if (!indexes.has(language)) {
    indexes.set(language, (async () => {
      // A module for each: what one has compiled for its first index, the word stems of a language among it, it takes for all others.
      const { createInstance } = await import(new URL(`pagefind/pagefind.js?${language}`, top));
      // Pagefind takes the index of the language that the page is in, and looks at once.
      const own = document.documentElement.lang;
      document.documentElement.lang = language;
      const made = createInstance({ baseUrl: top.pathname });
      document.documentElement.lang = own;
      await made.init();
      return made;
    })());
  }
  return indexes.get(language);
}

let entry;
async function existing(languages) {
  entry ??= fetch(new URL('pagefind/pagefind-entry.json', top)).then(answer => answer.json());
  const known = (await entry).languages;
  return languages.filter(language => language in known);
}

// Which indexes may know what is asked: that of the page's language, where it is not English; else Han characters are of one language, and
// an umlaut, or a reader of German, asks for another.
export function languages(text) {
  const own = document.documentElement.lang.toLowerCase();
  if (own !== 'en') return [own];
  if (/\p{Script=Han}/u.test(text)) return ['zh-hans', 'zh', 'en'];
  const german = /[äöüß]/i.test(text) || navigator.languages.some(language => language.startsWith('de'));
  return german ? ['en', 'de'] : ['en'];
}

// Ways to write what is asked: `pre-norm` is one word to Pagefind, `pre norm` are two, and each is found where it is written so; `gpt 3` means `GPT-3`.
const ways = text => new Set([text, text.replace(/(?<=\p{L})-(?=\p{L})/gu, ' '), text.replace(/(?<=\p{L})[ -](?=\p{N})/gu, '-'), text.replace(/(?<=\p{L})-(?=\p{N})/gu, ' ')]);

// The pages in which the text stands, the best of each language first: address, excerpt, title.
export async function pages(text, languages, limit) {
  const found = new Map();
  for (const language of await existing(languages)) {
    const known = await index(language), results = new Map();
    for (const way of ways(text)) {
      for (const result of (await known.search(way)).results) if (!results.has(result.id)) results.set(result.id, result);
    }
    for (const hit of await Promise.all([...results.values()].slice(0, limit).map(result => result.data()))) {
      // A page is indexed once for each language in which it has a name.
      const url = hit.url.replace(/[?&]in=[a-z]{2}/, '');
      if (!found.has(url)) found.set(url, { ...hit, url });
    }
  }
  return [...found.values()].slice(0, limit);
}
