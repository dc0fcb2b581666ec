// What every page loads: the search box, and what the other scripts of a page say.

// A text in the language of the page, with what stands in it; of forms for one and for more, `n` decides. The texts stand in the page as JSON.
// This is here so that no page asks for one file more.
let texts;
export function say(role, parts = {}) {
  texts ??= JSON.parse(document.getElementById('words').textContent);
  const forms = [texts[role]].flat();
  const text = parts.n === 1 ? forms[0] : forms.at(-1);
  return text.replace(/\{(\w+)\}/g, (place, name) => parts[name] ?? place);
}

// Things in a line.
export const listed = things => things.join(document.documentElement.lang === 'zh-Hans' ? '、' : ', ');

// The search box. What searches is loaded when somebody turns to it; the page says from where, for this script is part of another on some.
const box = document.getElementById('find');
let jump;
const open = () => { jump ??= import(new URL(`${box.form.dataset.code}jump.js`, document.baseURI)).then(({ Jump }) => new Jump(box)); };
if (box) {
  box.addEventListener('focus', open, { once: true });
  if (document.activeElement === box) open();
  addEventListener('keydown', event => {
    const typing = event.target.closest?.('input, textarea, select, [contenteditable]');
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || typing) return;
    event.preventDefault();
    box.focus();
  });
}
