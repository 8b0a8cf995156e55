// Photos open large over the page: <a data-photo="group" href="full picture"><img ...></a>.
import {element, icon} from '../page/elements.js';
import {words} from '../page/language.js';

let shown = [];
let position = 0;
let dialog = null;

function build() {
  const picture = element('img', {class: 'photo-picture', alt: ''});
  const caption = element('p', {class: 'photo-caption'});
  const button = (name, label, click) => element('button', {
    type: 'button', class: `photo-button photo-${name}`, 'aria-label': label, click,
  }, icon(name === 'close' ? 'x' : name === 'earlier' ? 'chevron-left' : 'chevron-right'));
  const made = element('dialog', {class: 'photo', 'aria-label': words('查看照片', 'Photo')}, picture, caption,
    button('earlier', words('上一张', 'Previous'), () => show(position - 1)),
    button('later', words('下一张', 'Next'), () => show(position + 1)),
    button('close', words('关闭', 'Close'), () => made.close()));
  made.addEventListener('click', event => event.target === made && made.close());
  made.addEventListener('keydown', event => {
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (step) {
      show(position + step);
    }
  });
  document.body.append(made);
  return made;
}

function show(index) {
  position = (index + shown.length) % shown.length;
  const link = shown[position];
  dialog.querySelector('img').src = link.href;
  const name = link.title || link.querySelector('img')?.alt || '';
  dialog.querySelector('p').textContent = shown.length > 1 ? `${name}  ${position + 1} / ${shown.length}` : name;
  dialog.classList.toggle('photo-single', shown.length < 2);
}

document.addEventListener('click', event => {
  const link = event.target.closest('a[data-photo]');
  if (!link || event.ctrlKey || event.metaKey) {
    return;
  }
  event.preventDefault();
  shown = [...document.querySelectorAll('a[data-photo]')].filter(each => each.dataset.photo === link.dataset.photo);
  dialog ??= build();
  show(shown.indexOf(link));
  dialog.showModal();
});
