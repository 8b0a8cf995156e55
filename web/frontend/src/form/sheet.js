// One form on a page: shows it, keeps what is typed, sends it, shows what is wrong.
import {Form} from '@bpmn-io/form-js-viewer';
import {setBusy} from '../app/submission.js';
import {element, jsonOf} from '../page/elements.js';
import {clockTime, words} from '../page/language.js';
import {request} from '../page/requests.js';
import {Draft} from './draft.js';
import {Faults} from './faults.js';
import {fieldsModule, ownFaults} from './fields.js';
import {Places} from './places.js';
import {prepared} from './schema.js';
import {setCalendarLanguage, wordsModule} from './words.js';

export class Sheet {
  constructor(holder) {
    this.holder = holder;
    holder.sheet = this; // dialogs of the page send what was typed here along
    this.isReadOnly = holder.hasAttribute('data-readonly') && holder.dataset.readonly !== 'false';
    this.form = new Form({
      container: holder,
      debounce: false,
      properties: {readOnly: this.isReadOnly, ariaLabel: holder.getAttribute('aria-label') ?? undefined},
      uploads: {url: holder.dataset.uploadUrl},
      additionalModules: [wordsModule, fieldsModule],
    });
    this.places = new Places(this.form, holder);
    this.status = document.querySelector(`[data-form-status="#${holder.id}"]`) ?? document.querySelector('[data-form-status]');
  }

  async open() {
    setCalendarLanguage();
    const given = jsonOf(this.holder.dataset.data) ?? {};
    const schema = prepared(jsonOf(this.holder.dataset.schema));
    if (this.isReadOnly) {
      await this.form.importSchema(schema, given);
      return;
    }
    this.faults = new Faults(this.holder, this.places);
    this.draft = this.makeDraft();
    const copy = this.draft.recovered();
    await this.form.importSchema(schema, copy ? {...given, ...copy.data} : given);
    if (copy) {
      this.offerOriginal(copy, schema, given);
    }
    // field.updated comes before the new value is in place
    this.form.on('field.updated', () => queueMicrotask(() => this.draft.keep()));
    this.listen();
  }

  makeDraft() {
    const {draftKey, draftUrl, draftAt} = this.holder.dataset;
    return new Draft({
      key: draftKey,
      url: draftUrl,
      savedAt: draftAt,
      read: () => this.form._getSubmitData(),
      tell: text => this.tell(text),
    });
  }

  tell(text) {
    if (this.status) {
      this.status.textContent = text;
    }
  }

  offerOriginal(copy, schema, given) {
    const time = clockTime(new Date(copy.at));
    const notice = element('p', {class: 'form-recovered', role: 'status'},
      words(`已恢复 ${time} 在本机填写、尚未提交的内容。`, `Restored what you typed on this device at ${time}.`),
      element('button', {type: 'button', class: 'btn btn-sm', click: () => {
        this.draft.forget();
        this.form.importSchema(schema, given);
        notice.remove();
      }}, words('不要这些，恢复原样', 'Discard it')));
    this.holder.before(notice);
  }

  buttons() {
    return [...document.querySelectorAll('[data-form-submit]')].filter(
      button => document.querySelector(button.dataset.formSubmit) === this.holder,
    );
  }

  mainButton() {
    return this.buttons().find(button => button.hasAttribute('data-main')) ?? this.buttons()[0];
  }

  listen() {
    document.addEventListener('click', event => {
      const button = event.target.closest('[data-form-submit]');
      if (button && this.buttons().includes(button)) {
        event.preventDefault();
        this.send(button);
      }
    });
    this.holder.addEventListener('submit', event => {
      event.preventDefault();
      event.stopPropagation();
      this.press();
    }, true);
    this.holder.addEventListener('keydown', event => {
      if (event.key === 'Enter' && !event.isComposing && !event.defaultPrevented && sendsByEnter(event.target)) {
        event.preventDefault();
        this.press();
      }
    });
  }

  // what Enter does: the main button, or what stands in its place ([data-form-instead="#form"] opens a dialog)
  press() {
    const button = this.mainButton();
    if (button) {
      this.send(button);
    } else {
      document.querySelector(`[data-form-instead="#${this.holder.id}"]`)?.click();
    }
  }

  async send(button) {
    if (this.isSending) {
      return;
    }
    this.faults.clear();
    const {data, errors} = this.checked();
    if (!button?.hasAttribute('data-novalidate') && this.showOwnFaults(errors)) {
      return;
    }
    if (this.holder.querySelector('[data-uploading]')) {
      this.faults.list(words('文件还在上传，传完后再提交。', 'Files are still being uploaded.'), []);
      return;
    }
    await this.post(button, data);
  }

  checked() {
    const {data, errors} = this.form.submit();
    for (const instance of this.places.instances()) {
      const found = ownFaults(this.places.field(instance), valueAt(data, instance.valuePath));
      if (found.length) {
        setAt(errors, this.places.errorPath(instance), found);
      }
    }
    this.form._setState({errors});
    return {data, errors};
  }

  showOwnFaults(errors) {
    const lines = this.places.instances().flatMap(instance => {
      const texts = valueAt(errors, this.places.errorPath(instance));
      return Array.isArray(texts) ? texts.map(text => ({instance, text})) : [];
    });
    if (lines.length) {
      this.faults.list(words(`还有 ${lines.length} 处需要改正：`, `${lines.length} things to correct:`), lines);
    }
    return lines.length > 0;
  }

  async post(button, data) {
    this.isSending = true;
    this.buttons().forEach(each => { each.disabled = true; });
    setBusy(button, true);
    try {
      const body = {data, outcome: button?.dataset.outcome ?? null};
      const answer = await request(this.holder.dataset.submitUrl, {method: 'POST', body});
      this.draft.end();
      location.assign(answer.location);
    } catch (error) {
      this.release(button);
      this.refuse(error);
    }
  }

  release(button) {
    this.isSending = false;
    this.buttons().forEach(each => { each.disabled = false; });
    setBusy(button, false);
  }

  refuse(error) {
    this.draft.keepHere();
    if (error.status !== 422) {
      this.faults.problem(error.message, error.answer?.detail);
      return;
    }
    const errors = {};
    const lines = [];
    for (const [path, texts] of Object.entries(error.answer.errors ?? {})) {
      const instance = this.places.at(path);
      if (instance) {
        setAt(errors, this.places.errorPath(instance), texts);
      }
      lines.push(...texts.map(text => ({instance, path: instance ? null : path, text})));
    }
    this.form._setState({errors});
    this.faults.list(error.message, lines);
  }
}

// Enter in these would choose a date or an option instead
function sendsByEnter(target) {
  return target.matches('input') && !target.closest('.fjs-datepicker, .fjs-timepicker, .fjs-form-field-select, .fjs-form-field-taglist, .register');
}

function valueAt(data, path) {
  return path.reduce((value, part) => value?.[part], data);
}

function setAt(data, path, value) {
  const last = path.at(-1);
  const holder = path.slice(0, -1).reduce((inner, part) => (inner[part] ??= {}), data);
  holder[last] = value;
}
