// Rows of a list are ticked for one action on all: [data-pick] in the rows, [data-pick-all] in the head, and a bar
// [data-picked] that tells how many; <form data-picks> sends the ids that are ticked.
import {element} from '../page/elements.js';

const boxes = () => [...document.querySelectorAll('[data-pick]')];
const ticked = () => boxes().filter(box => box.checked);

function show() {
  const bar = document.querySelector('[data-picked]');
  if (!bar) {
    return;
  }
  const count = ticked().length;
  bar.hidden = count === 0;
  document.querySelectorAll('[data-picked-count]').forEach(place => { place.textContent = count; });
  const all = document.querySelector('[data-pick-all]');
  if (all) {
    all.checked = count > 0 && count === boxes().length;
    all.indeterminate = count > 0 && !all.checked;
  }
}

document.addEventListener('change', event => {
  if (event.target.matches('[data-pick-all]')) {
    boxes().forEach(box => { box.checked = event.target.checked; });
  }
  if (event.target.matches('[data-pick], [data-pick-all]')) {
    show();
  }
});

document.addEventListener('click', event => {
  if (event.target.closest('[data-pick-none]')) {
    boxes().forEach(box => { box.checked = false; });
    show();
  }
});

document.addEventListener('submit', event => {
  const form = event.target;
  if (form.hasAttribute('data-picks')) {
    form.querySelectorAll('input[name="ids"]').forEach(input => input.remove());
    form.append(...ticked().map(box => element('input', {type: 'hidden', name: 'ids', value: box.value})));
  }
}, true);

window.addEventListener('pageshow', show);
document.addEventListener('htmx:after:swap', show);
