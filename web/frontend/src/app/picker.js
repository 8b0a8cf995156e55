// Chooses people, queues or units by words, which the server looks up:
// <div data-picker data-url data-name="login" data-multiple data-needed="words"><ul class="picker-chosen"><input role="combobox"><ul role="listbox">
import {element, icon} from '../page/elements.js';
import {words} from '../page/language.js';
import {mount} from '../page/mounting.js';
import {request} from '../page/requests.js';

const TYPING_PAUSE_MS = 200;

let isPressed = false;
document.addEventListener('pointerdown', () => { isPressed = true; }, true);
['pointerup', 'pointercancel'].forEach(name => document.addEventListener(name, () => { isPressed = false; }, true));

class Picker {
  constructor(holder) {
    this.holder = holder;
    this.input = holder.querySelector('input[role="combobox"]');
    this.list = holder.querySelector('[role="listbox"]');
    this.chosen = holder.querySelector('.picker-chosen');
    this.found = [];
    this.at = -1;
    this.input.addEventListener('focus', () => this.ask());
    this.input.addEventListener('click', () => this.list.hidden && this.ask());
    this.input.addEventListener('input', () => this.askLater());
    this.input.addEventListener('keydown', event => this.press(event));
    this.input.addEventListener('blur', () => this.leave());
    this.chosen.addEventListener('click', event => this.drop(event.target.closest('button')?.closest('li')));
    this.list.addEventListener('mousedown', event => event.preventDefault());
    this.list.addEventListener('click', event => {
      const option = event.target.closest('[role="option"]');
      if (option) {
        this.take(this.found[Number(option.dataset.at)]);
      }
    });
    this.show();
  }

  get values() {
    return [...this.chosen.querySelectorAll('input')].map(input => input.value);
  }

  // what was found for other words is gone at once: a quick Enter never takes the wrong one
  askLater() {
    this.stop();
    this.hide();
    this.found = [];
    this.isWanted = false;
    this.timer = setTimeout(() => this.ask(), TYPING_PAUSE_MS);
  }

  stop() {
    clearTimeout(this.timer);
    this.asking?.abort();
  }

  async ask() {
    this.stop();
    const asking = this.asking = new AbortController();
    const url = new URL(this.holder.dataset.url, location.href);
    url.searchParams.set('q', this.input.value.trim());
    try {
      const answer = await request(url, {signal: asking.signal});
      if (!asking.signal.aborted) {
        this.offer(answer.items);
      }
    } catch (error) {
      if (!asking.signal.aborted) {
        this.say(error.message);
      }
    }
  }

  offer(items) {
    const known = new Set(this.values);
    this.found = items.filter(item => !known.has(item.value));
    this.at = -1;
    if (!this.found.length) {
      this.say(words('没有找到，请换个说法', 'Nothing found: try other words'));
      return;
    }
    if (this.isWanted && this.found.length === 1) {
      this.take(this.found[0]);
      return;
    }
    this.isWanted = false;
    this.list.replaceChildren(...this.found.map((item, at) => element('li', {
      role: 'option', id: `${this.list.id}-${at}`, 'data-at': at, 'aria-selected': 'false',
    }, element('span', {}, item.name), element('span', {class: 'quiet'}, item.detail))));
    this.open();
  }

  say(text) {
    this.found = [];
    this.list.replaceChildren(element('li', {class: 'quiet', role: 'option', 'aria-disabled': 'true'}, text));
    this.open();
  }

  open() {
    if (document.activeElement !== this.input) {
      return;
    }
    this.list.hidden = false;
    this.input.setAttribute('aria-expanded', 'true');
  }

  hide() {
    this.list.hidden = true;
    this.at = -1;
    this.input.setAttribute('aria-expanded', 'false');
    this.input.removeAttribute('aria-activedescendant');
  }

  // a list that goes moves what stands below it: a button that is being pressed has to stay under the pointer
  leave() {
    const hide = () => setTimeout(() => document.activeElement === this.input || this.hide());
    if (isPressed) {
      document.addEventListener('pointerup', hide, {once: true, capture: true});
    } else {
      hide();
    }
  }

  press(event) {
    if (event.isComposing) {
      return;
    }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      this.move(event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.key === 'Enter' && !this.list.hidden && this.found.length) {
      event.preventDefault();
      this.take(this.found[Math.max(this.at, 0)]);
    } else if (event.key === 'Enter' && this.input.value.trim()) {
      event.preventDefault();
      this.isWanted = true;
    } else if (event.key === 'Escape' && !this.list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      this.stop();
      this.hide();
    } else if (event.key === 'Backspace' && !this.input.value) {
      this.drop(this.chosen.lastElementChild);
    }
  }

  move(step) {
    if (this.list.hidden || !this.found.length) {
      this.ask();
      return;
    }
    this.at = (this.at + step + this.found.length) % this.found.length;
    [...this.list.children].forEach((option, at) => option.setAttribute('aria-selected', String(at === this.at)));
    this.list.children[this.at].scrollIntoView({block: 'nearest'});
    this.input.setAttribute('aria-activedescendant', `${this.list.id}-${this.at}`);
  }

  take(item) {
    if (!this.holder.hasAttribute('data-multiple')) {
      this.chosen.replaceChildren();
    }
    const remove = element('button', {type: 'button', 'aria-label': words(`去掉 ${item.name}`, `Remove ${item.name}`)}, icon('x'));
    this.chosen.append(element('li', {},
      element('input', {type: 'hidden', name: this.holder.dataset.name, value: item.value}),
      element('span', {}, item.name), element('span', {class: 'quiet'}, item.detail), remove));
    this.input.value = '';
    this.isWanted = false;
    this.stop();
    this.hide();
    this.show();
    if (this.input.hidden) {
      (this.holder.closest('form').querySelector('textarea') ?? remove).focus();
    }
  }

  drop(item) {
    if (item) {
      item.remove();
      this.show();
      this.input.focus();
    }
  }

  // one is enough: who is chosen stands in place of the search
  show() {
    this.input.hidden = !this.holder.hasAttribute('data-multiple') && this.values.length > 0;
  }
}

mount('[data-picker]', holder => new Picker(holder));
