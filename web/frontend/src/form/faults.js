// What is wrong, on top of the form: a message, and a list whose lines jump to their fields.
import {element, icon} from '../page/elements.js';
import {words} from '../page/language.js';

export class Faults {
  constructor(holder, places) {
    this.places = places;
    this.box = element('div', {class: 'form-faults', tabindex: '-1', role: 'alert', hidden: true});
    holder.before(this.box);
  }

  clear() {
    this.box.hidden = true;
    this.box.replaceChildren();
  }

  // `lines`: [{instance?, path?, text}]
  list(message, lines) {
    this.show(message, lines.length ? element('ul', {}, ...lines.map(line => this.line(line))) : null);
  }

  problem(message, detail) {
    const reload = element('a', {href: location.href, class: 'alert-link'}, words('重新打开此页', 'Reload this page'));
    const kept = words('已填写的内容仍在，也已保存在本机。', 'What you typed is still here and kept on this device.');
    this.show(message, detail ? element('p', {}, detail) : null, element('p', {}, kept, ' ', reload));
  }

  show(message, ...rest) {
    this.box.replaceChildren(element('p', {class: 'form-faults-title'}, icon('alert-triangle'), message));
    this.box.append(...rest.filter(Boolean));
    this.box.hidden = false;
    this.box.focus({preventScroll: true});
    this.box.scrollIntoView({block: 'center'});
  }

  line({instance, path, text}) {
    if (!instance) {
      return element('li', {}, path ? `${path}:${text}` : text);
    }
    const label = this.places.label(instance);
    const link = element('a', {href: '#', click: event => this.jump(event, instance)}, label ? `「${label}」` : '', text);
    return element('li', {}, link);
  }

  jump(event, instance) {
    event.preventDefault();
    const target = this.places.element(instance);
    target?.scrollIntoView({block: 'center'});
    target?.focus({preventScroll: true});
  }
}
