// Short messages: those of the server (.flash inside #flashes) and those of scripts. Good news leaves by itself.
import {element, icon} from '../page/elements.js';
import {words} from '../page/language.js';
import {mount} from '../page/mounting.js';

const SECONDS_SHOWN = 10;
const icons = {success: 'circle-check', info: 'info-circle', warning: 'alert-triangle', danger: 'circle-x'};

export function flash(level, text) {
  place().append(element('div', {class: 'flash', 'data-level': level}, text));
  dress(place().lastElementChild);
}

function place() {
  const known = document.getElementById('flashes');
  if (known) {
    return known;
  }
  const made = element('div', {id: 'flashes', class: 'flashes', 'aria-live': 'polite'});
  document.body.append(made);
  return made;
}

function dress(message) {
  const level = message.dataset.level ?? 'info';
  if (level === 'danger') {
    message.setAttribute('role', 'alert');
  }
  message.prepend(icon(icons[level] ?? icons.info));
  const close = element('button', {
    type: 'button', class: 'flash-close', 'aria-label': words('关闭', 'Close'), click: () => message.remove(),
  }, icon('x'));
  message.append(close);
  if (level === 'success' || level === 'info') {
    leaveLater(message);
  }
}

function leaveLater(message) {
  let timer = setTimeout(() => message.remove(), SECONDS_SHOWN * 1000);
  message.addEventListener('pointerenter', () => clearTimeout(timer));
  message.addEventListener('pointerleave', () => {
    timer = setTimeout(() => message.remove(), SECONDS_SHOWN * 1000);
  });
}

mount('#flashes > .flash:not(:has(.flash-close))', dress);
