// Hears the search box. What searches is loaded when somebody turns to it.
const box = document.getElementById('find');
let jump;
const open = () => { jump ??= import('./jump.js').then(({ Jump }) => new Jump(box)); };
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
