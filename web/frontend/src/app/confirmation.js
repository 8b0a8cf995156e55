// Far-reaching steps ask first: <form data-confirm="what will happen and to whom" data-confirm-button="撤回">.
import {element} from '../page/elements.js';
import {words} from '../page/language.js';

const agreed = new WeakSet();

export function confirmed(text, buttonText) {
  return new Promise(resolve => {
    const dialog = element('dialog', {class: 'confirmation', 'aria-label': words('请确认', 'Please confirm')},
      element('form', {method: 'dialog'},
        element('p', {}, text),
        element('div', {class: 'confirmation-buttons'},
          element('button', {class: 'btn', value: ''}, words('取消', 'Cancel')),
          element('button', {class: 'btn btn-primary', value: 'yes', autofocus: true}, buttonText))));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

document.addEventListener('submit', async event => {
  const form = event.target;
  const asking = event.submitter?.dataset.confirm ? event.submitter : form;
  if (!asking.dataset.confirm || agreed.delete(form)) {
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  const {submitter} = event;
  const buttonText = asking.dataset.confirmButton || submitter?.textContent.trim() || words('确定', 'OK');
  if (await confirmed(asking.dataset.confirm, buttonText)) {
    agreed.add(form);
    form.requestSubmit(submitter);
  }
}, true);
