// Shows the button. Everything else is loaded when it is pressed.
for (const box of document.querySelectorAll('[data-tryout]')) {
  const start = box.querySelector('.start');
  const button = start.querySelector('button');
  start.hidden = false;
  button.addEventListener('click', async () => {
    button.disabled = true;
    const { Stage } = await import('./stage.js');
    await new Stage(box).open();
  });
}
