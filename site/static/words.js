// What a page's scripts say, in the language of the page: its texts stand in the page, as JSON.
const texts = JSON.parse(document.getElementById('words').textContent);

// A text with what stands in it; where it has a form for one and another for more, `n` decides.
export function say(role, parts = {}) {
  const text = [texts[role]].flat();
  const form = text.length > 1 && parts.n === 1 ? text[0] : text.at(-1);
  return form.replace(/\{(\w+)\}/g, (place, name) => parts[name] ?? place);
}
