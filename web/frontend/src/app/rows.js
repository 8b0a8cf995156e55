// The whole row opens (tr[data-href]), by mouse and keyboard; the list is found again where it was left.
import {mount} from '../page/mounting.js';

const PLACE = 'place';
const interactive = 'a, button, input, select, textarea, label, summary, [data-bs-toggle]';

function open(row, inNewTab) {
  if (inNewTab) {
    window.open(row.dataset.href, '_blank', 'noopener');
    return;
  }
  const place = {address: location.href, top: window.scrollY, row: row.dataset.href};
  sessionStorage.setItem(PLACE, JSON.stringify(place));
  location.assign(row.dataset.href);
}

function neighbour(row, step) {
  let next = row;
  do {
    next = step > 0 ? next.nextElementSibling : next.previousElementSibling;
  } while (next && !next.matches('tr[data-href]'));
  return next;
}

document.addEventListener('click', event => {
  const row = event.target.closest('tr[data-href]');
  if (!row || event.defaultPrevented) {
    return;
  }
  const inside = event.target.closest(interactive);
  if (inside && row.contains(inside)) {
    if (inside.matches('a') && inside.getAttribute('href') === row.dataset.href && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      open(row, event.shiftKey);
    }
    return;
  }
  if (!String(getSelection()).trim()) {
    open(row, event.ctrlKey || event.metaKey);
  }
});

document.addEventListener('keydown', event => {
  if (!event.target.matches?.('tr[data-href]')) {
    return;
  }
  if (event.key === 'Enter') {
    event.preventDefault();
    open(event.target, event.ctrlKey || event.metaKey);
  } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault();
    neighbour(event.target, event.key === 'ArrowDown' ? 1 : -1)?.focus();
  }
});

mount('tr[data-href]', row => {
  row.tabIndex = 0;
  for (const link of row.querySelectorAll('a')) {
    if (link.getAttribute('href') === row.dataset.href) {
      link.tabIndex = -1;
    }
  }
});

function returnToPlace() {
  const place = JSON.parse(sessionStorage.getItem(PLACE) ?? 'null');
  if (place?.address !== location.href) {
    return;
  }
  sessionStorage.removeItem(PLACE);
  window.scrollTo({top: place.top, behavior: 'instant'});
  const row = [...document.querySelectorAll('tr[data-href]')].find(each => each.dataset.href === place.row);
  row?.classList.add('row-seen');
  row?.focus({preventScroll: true});
}

returnToPlace();
