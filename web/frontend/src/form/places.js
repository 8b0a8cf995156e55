// Where a field stands: its path in the data, its element in the page, its label.
const pathOf = instance => instance.valuePath.join('.');

export class Places {
  constructor(form, container) {
    this.form = form;
    this.container = container;
  }

  instances() {
    return this.form.get('formFieldInstanceRegistry').getAllKeyed();
  }

  field(instance) {
    return this.form.get('formFieldRegistry').get(instance.id);
  }

  at(path) {
    return this.instances().find(instance => pathOf(instance) === path);
  }

  errorPath(instance) {
    return [instance.id, ...Object.values(instance.indexes ?? {})];
  }

  label(instance) {
    const field = this.field(instance);
    return field.label || field.dateLabel || field.timeLabel || field.key || '';
  }

  // the focusable element; radios, dates and the like add a suffix to the field's id
  element(instance) {
    const suffix = Object.values(instance.indexes ?? {}).map(index => `_${index}`).join('');
    const id = `fjs-form-${this.form._id}-${instance.id}${suffix}`;
    return ['', '-date', '-time', '-0', '-search', '-display'].map(end => document.getElementById(id + end)).find(Boolean);
  }

  pathOf(instance) {
    return pathOf(instance);
  }
}
