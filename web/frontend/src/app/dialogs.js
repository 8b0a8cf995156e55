// Dialogs of the page: [data-dialog="id"] opens <dialog id>, [data-dialog-close] closes it, and what was typed stays.
// <form data-answer> is sent by script: {location} leads on, a refusal is told inside the dialog.
import {words} from '../page/language.js';
import {csrfToken, RequestFailed} from '../page/requests.js';
import {setBusy} from './submission.js';

const placeOf = opener => opener.closest('.dropdown, .dropup')?.querySelector('[data-bs-toggle]') ?? opener;

function open(dialog, opener) {
  dialog.returnTo = placeOf(opener);
  dialog.showModal();
  const first = dialog.querySelector('[autofocus]')
    ?? dialog.querySelector('.verb-body :is(input:not([type="hidden"]), select, textarea)');
  first?.focus();
}

document.addEventListener('click', event => {
  const opener = event.target.closest('[data-dialog]');
  if (opener) {
    event.preventDefault();
    open(document.getElementById(opener.dataset.dialog), opener);
    return;
  }
  event.target.closest('[data-dialog-close]')?.closest('dialog').close();
});

document.addEventListener('close', event => event.target.returnTo?.focus(), true);

// in a text of several lines Enter begins a new line: Ctrl+Enter sends
document.addEventListener('keydown', event => {
  const isSending = event.key === 'Enter' && (event.ctrlKey || event.metaKey);
  if (isSending && event.target.matches('dialog form textarea')) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});

export function tell(form, text, detail = '') {
  const place = form.querySelector('.verb-fault');
  place.textContent = [text, detail].filter(Boolean).join(' ');
  place.hidden = !text;
  if (text) {
    place.scrollIntoView({block: 'nearest'});
  }
}

function bodyOf(form, submitter) {
  const body = new URLSearchParams(new FormData(form));
  if (submitter?.name) {
    body.set(submitter.name, submitter.value);
  }
  const sheet = sheetOf(form);
  if (sheet) {
    body.set('data', JSON.stringify(sheet.form._getSubmitData()));
  }
  return body;
}

const sheetOf = form => form.dataset.takes && document.querySelector(form.dataset.takes)?.sheet;

function unchosen(form) {
  return [...form.querySelectorAll('[data-picker][data-needed]')].find(picker => !picker.querySelector('input[type="hidden"]'));
}

function leave(location) {
  const target = new URL(location, window.location.href);
  if (target.pathname + target.search === window.location.pathname + window.location.search) {
    window.location.reload();
  } else {
    window.location.assign(target);
  }
}

async function send(form, submitter) {
  let response;
  try {
    const headers = {Accept: 'application/json', 'X-CSRFToken': csrfToken()};
    response = await fetch(form.action, {method: 'POST', headers, body: bodyOf(form, submitter), credentials: 'same-origin'});
  } catch {
    throw new RequestFailed(0);
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok || !answer?.location) {
    throw new RequestFailed(response.status, answer);
  }
  return answer;
}

document.addEventListener('submit', async event => {
  const form = event.target;
  if (!form.hasAttribute('data-answer') || event.defaultPrevented) {
    return;
  }
  event.preventDefault();
  const empty = unchosen(form);
  if (empty) {
    tell(form, empty.dataset.needed);
    empty.querySelector('input[role="combobox"]').focus();
    return;
  }
  const button = event.submitter ?? form.querySelector('.verb-foot [type="submit"], .verb-foot button:not([type])');
  tell(form, '');
  setBusy(button, true);
  try {
    const answer = await send(form, event.submitter);
    sheetOf(form)?.draft?.end();
    leave(answer.location);
  } catch (error) {
    setBusy(button, false);
    tell(form, error.message ?? words('未能完成。', 'This failed.'), error.answer?.detail);
    button?.focus();
  }
});
