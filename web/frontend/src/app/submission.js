// A form is sent once: its button is busy until the answer; a form that asks htmx is released when htmx is done.
export function setBusy(button, busy) {
  if (!button) {
    return;
  }
  button.classList.toggle('busy', busy);
  button.setAttribute('aria-busy', String(busy));
  button.disabled = busy;
}

const submitters = new WeakMap();
const answered = new WeakSet();

document.addEventListener('submit', event => {
  const form = event.target;
  const button = event.submitter ?? form.querySelector('[type="submit"], button:not([type])');
  submitters.set(form, button);
  if (event.defaultPrevented || form.matches('[data-not-busy], [data-answer]') || form.target === '_blank') {
    return;
  }
  // after this event, or the button's own name and value would not be sent
  setTimeout(() => setBusy(button, true));
});

function buttonOf(source) {
  return source?.matches?.('form') ? submitters.get(source) : source?.closest?.('button');
}

document.addEventListener('htmx:before:request', event => {
  const button = buttonOf(event.detail.ctx.sourceElement);
  setTimeout(() => answered.has(event.detail.ctx) || setBusy(button, true));
});

document.addEventListener('htmx:finally:request', event => {
  answered.add(event.detail.ctx);
  setBusy(buttonOf(event.detail.ctx.sourceElement), false);
});

// coming back through the browser's history shows the page as it was left: release it
window.addEventListener('pageshow', event => {
  if (event.persisted) {
    document.querySelectorAll('.busy').forEach(button => setBusy(button, false));
  }
});
