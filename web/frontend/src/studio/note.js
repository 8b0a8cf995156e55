// Deployment says what will happen and asks what was changed.
import {element} from '../page/elements.js';
import {words} from '../page/language.js';

// the note, or null when the designer thinks better of it
export function askNote() {
  return new Promise(resolve => {
    const field = element('textarea', {class: 'form-control', rows: '3', id: 'studio-note', required: true, maxlength: '500', autofocus: true});
    const cancel = element('button', {class: 'btn', type: 'button', click: () => dialog.close()}, words('取消', 'Cancel'));
    const dialog = element('dialog', {class: 'confirmation', 'aria-labelledby': 'studio-note-title'},
      element('form', {method: 'dialog'},
        element('h2', {id: 'studio-note-title'}, words('发布新版本', 'Deploy a new version')),
        element('p', {}, words('发布后，新发起的案件按新版本办理；在办案件仍按原版本办完。', 'New cases follow the new version; running cases stay on theirs.')),
        element('label', {class: 'form-label', for: 'studio-note'}, words('改了什么', 'What was changed')),
        field,
        element('div', {class: 'confirmation-buttons mt-3'}, cancel,
          element('button', {class: 'btn btn-primary', value: 'deploy'}, words('发布', 'Deploy')))));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'deploy' ? field.value.trim() : null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
