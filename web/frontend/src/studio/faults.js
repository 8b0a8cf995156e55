// What the server found: a list whose lines select their elements, and a mark at each element. What it told of a file
// that was opened (what its app has to bring, what nothing here does) stays in the list until it is closed.
import {element, icon} from '../page/elements.js';
import {words} from '../page/language.js';

export class FaultList {
  constructor(holder, modeler) {
    this.modeler = modeler;
    Object.assign(this, {kept: [], done: ''});
    this.box = element('section', {class: 'studio-faults', hidden: true, tabindex: '-1', 'aria-label': words('检查结果', 'Result of the check')});
    holder.append(this.box);
  }

  clear() {
    Object.assign(this, {kept: [], done: ''});
    this.box.hidden = true;
    this.box.replaceChildren();
    this.modeler.get('overlays').remove({type: 'fault'});
  }

  // on a narrow page it lies below the properties
  reveal() {
    if (!this.box.hidden) {
      this.box.scrollIntoView({block: 'nearest'});
    }
  }

  show(found, kept = this.kept, done = this.done) {
    this.clear();
    Object.assign(this, {kept, done});
    const faults = [...found, ...kept];
    if (!faults.length) {
      return;
    }
    const errors = faults.filter(isError).length;
    const needs = faults.filter(fault => fault.level === 'need').length;
    const warnings = faults.length - errors - needs;
    const title = done + words(`${errors} 处错误，${warnings} 处提醒`, `${errors} errors, ${warnings} warnings`)
      + (needs ? words(`，流程应用还需要准备 ${needs} 项`, `, ${needs} things for the process app to bring`) : '');
    const close = element('button', {type: 'button', class: 'flash-close', 'aria-label': words('关闭', 'Close'), click: () => this.clear()}, icon('x'));
    this.box.append(element('p', {class: 'studio-faults-title', role: 'alert'}, title, close));
    this.box.append(element('ul', {}, ...faults.map(fault => this.line(fault))));
    this.box.hidden = false;
    this.mark(faults);
  }

  // marks alone, and the list where it stands open
  note(faults) {
    if (this.box.hidden) {
      this.modeler.get('overlays').remove({type: 'fault'});
      this.mark(faults.filter(isError));
    } else {
      this.show(faults);
    }
  }

  line(fault) {
    const shape = fault.element && this.modeler.get('elementRegistry').get(fault.element);
    const name = fault.name || fault.element || '';
    const text = element('span', {}, name ? element('strong', {}, name) : '', name ? ' ' : '', fault.reason);
    const sign = icon(isError(fault) ? 'alert-triangle' : fault.level === 'need' ? 'list' : 'info-circle');
    const body = shape
      ? element('button', {type: 'button', click: () => this.go(shape)}, sign, text)
      : element('div', {}, sign, text);
    return element('li', {class: `fault-${fault.level ?? 'error'}`}, body);
  }

  go(shape) {
    this.modeler.get('selection').select(shape);
    this.modeler.get('canvas').scrollToElement(shape, 120);
  }

  mark(faults) {
    const registry = this.modeler.get('elementRegistry');
    const overlays = this.modeler.get('overlays');
    const marked = grouped(faults);
    for (const [id, found] of marked) {
      const shape = id && registry.get(id);
      if (shape && shape.parent) {
        const level = found.some(isError) ? 'error' : 'warning';
        overlays.add(id, 'fault', {
          position: {top: -16, left: -16},
          html: element('span', {class: `fault-mark fault-${level}`, title: found.map(each => each.reason).join('\n')}, icon('alert-triangle')),
        });
      }
    }
  }
}

export const isError = ({level}) => level !== 'warning' && level !== 'need';

function grouped(faults) {
  const groups = new Map();
  for (const fault of faults) {
    groups.set(fault.element, [...(groups.get(fault.element) ?? []), fault]);
  }
  return groups;
}
