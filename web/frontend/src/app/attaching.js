// A file that is chosen is sent at once: <label class="btn">...<input type="file" data-send></label> inside its form.
import {setBusy} from './submission.js';

document.addEventListener('change', event => {
  const {target} = event;
  if (target.matches('input[type="file"][data-send]') && target.files.length) {
    target.form.requestSubmit();
    // the form's own data were taken by now: the label stands for the button that this form does not have
    setTimeout(() => setBusy(target.closest('.btn'), true));
  }
});
