// One diagram being edited: canvas, properties, the toolbar's actions, the faults found.
import {flash} from '../app/flashes.js';
import {setBusy} from '../app/submission.js';
import {element, jsonOf} from '../page/elements.js';
import {words} from '../page/language.js';
import {request, requestText} from '../page/requests.js';
import {FaultList, isError} from './faults.js';
import {createModeler} from './modeler.js';
import {askNote} from './note.js';
import {Watch} from './watch.js';

const PALETTE_PX = 140;
const MARGIN_PX = 40;

export class Workbench {
  constructor(holder) {
    this.holder = holder;
    this.canvas = element('div', {class: 'studio-canvas', 'aria-label': words('流程图', 'Diagram')});
    this.panel = element('div', {class: 'studio-panel', 'aria-label': words('属性', 'Properties')});
    holder.classList.add('studio');
    holder.replaceChildren(this.canvas, this.panel);
    const {modeler, dictionary} = createModeler({canvas: this.canvas, panel: this.panel, choices: jsonOf(holder.dataset.choices) ?? {}});
    this.modeler = modeler;
    this.dictionary = dictionary;
    this.faults = new FaultList(holder, modeler);
    this.watch = new Watch({
      modeler, checkUrl: holder.dataset.checkUrl, xml: () => this.xml(), found: faults => this.note(faults),
    });
    this.errors = 0;
    this.savedAt = null;
    this.isReplaced = false;
    holder.workbench = this;
  }

  async open() {
    this.listen();
    try {
      await this.show(await requestText(this.holder.dataset.xmlUrl));
    } catch (error) {
      this.complain(error);
    }
  }

  async show(xml) {
    await this.modeler.importXML(xml);
    this.faults.clear();
    this.watch.show([]);
    this.errors = 0;
    this.fit();
    this.savedAt = this.position();
    this.refresh();
    this.holder.setAttribute('data-ready', '');
  }

  listen() {
    document.addEventListener('click', event => {
      const button = event.target.closest('[data-studio-action]');
      if (button) {
        this.act(button.dataset.studioAction, button);
      }
    });
    document.addEventListener('keydown', event => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') {
        event.preventDefault();
        this.act('check', document.querySelector('[data-studio-action="check"]'));
      }
    });
    window.addEventListener('beforeunload', event => {
      if (this.isChanged()) {
        event.preventDefault();
      }
    });
    this.modeler.on('commandStack.changed', () => {
      this.refresh();
      this.watch.later();
    });
    this.modeler.on('tokenSimulation.toggleMode', ({active}) => {
      document.querySelectorAll('[data-studio-action="simulate"]').forEach(button => {
        button.setAttribute('aria-pressed', String(active));
      });
    });
  }

  async act(name, button) {
    const actions = {
      check: () => this.check(),
      deploy: () => this.deploy(),
      undo: () => this.modeler.get('commandStack').undo(),
      redo: () => this.modeler.get('commandStack').redo(),
      'zoom-fit': () => this.fit(),
      download: () => this.download(),
      open: () => this.chooseFile(),
      simulate: () => this.modeler.get('toggleMode').toggleMode(),
    };
    const isLong = name === 'check' || name === 'deploy';
    try {
      if (isLong) {
        setBusy(button, true);
      }
      await actions[name]?.();
    } catch (error) {
      this.complain(error);
    } finally {
      if (isLong) {
        setBusy(button, false);
      }
    }
  }

  async xml() {
    const definitions = this.modeler.getDefinitions();
    if (!definitions.get('modeler:executionPlatform')) {
      // the free desktop modeler opens the right panel by these
      definitions.set('modeler:executionPlatform', 'Camunda Cloud');
      definitions.set('modeler:executionPlatformVersion', '8.6.0');
    }
    return (await this.modeler.saveXML({format: true})).xml;
  }

  async check() {
    const {faults} = await request(this.holder.dataset.checkUrl, {method: 'POST', body: {xml: await this.xml()}});
    this.faults.show(faults);
    this.faults.reveal();
    this.tell(faults);
    if (!faults.length) {
      flash('success', words('检查通过，可以发布。', 'No fault was found. It can be deployed.'));
    }
  }

  async deploy() {
    const note = await askNote();
    if (note === null) {
      return;
    }
    const deployed = this.position(); // what is drawn while the server is at it is not
    const body = {xml: await this.xml(), note};
    const answer = await request(this.holder.dataset.deployUrl, {method: 'POST', body});
    this.savedAt = deployed;
    this.isReplaced = false;
    this.faults.clear();
    this.tell([]);
    flash('success', answer.message);
    if (answer.location) {
      location.assign(answer.location);
    }
  }

  complain(error) {
    if (error.answer?.faults?.length) {
      this.faults.show(error.answer.faults);
      this.tell(error.answer.faults);
    }
    flash('danger', error.message);
  }

  async download() {
    const address = URL.createObjectURL(new Blob([await this.xml()], {type: 'application/xml'}));
    const name = this.modeler.get('canvas').getRootElement().businessObject.id;
    element('a', {href: address, download: `${name}.bpmn`}).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  chooseFile() {
    const chooser = element('input', {type: 'file', accept: '.bpmn,.xml', change: async () => {
      try {
        const opened = await request(this.holder.dataset.openUrl, {method: 'POST', body: chooser.files[0]});
        await this.show(opened.xml);
        this.isReplaced = true;
        this.tellOpened(opened);
        this.watch.later();
      } catch (error) {
        flash('danger', words(`这个文件不是可用的流程图：${error.message}`, `This file is no usable diagram: ${error.message}`));
      }
    }});
    chooser.click();
  }

  // files of other tools come translated and drawn; what nothing here does the same stays at its element
  tellOpened({translated, faults, told}) {
    const done = translated ? words(`已转换为本系统的写法 ${translated} 处。`, `${translated} things were translated. `) : '';
    this.faults.show(faults, told, done);
    this.faults.reveal();
    this.tell(faults);
    if (done && !faults.length && !told.length) {
      flash('success', done);
    }
  }

  // the whole diagram beside the palette, never enlarged
  fit() {
    const canvas = this.modeler.get('canvas');
    canvas.resized();
    const {inner, outer} = canvas.viewbox();
    const scale = Math.min(1, (outer.width - PALETTE_PX - MARGIN_PX) / inner.width, (outer.height - 2 * MARGIN_PX) / inner.height);
    const [width, height] = [outer.width / scale, outer.height / scale];
    canvas.viewbox({x: inner.x - PALETTE_PX / scale, y: inner.y - (height - inner.height) / 2, width, height});
  }

  // what was done last: the number of steps alone would be the same after undoing one and doing another
  position() {
    const stack = this.modeler.get('commandStack');
    return stack._stack[stack._stackIdx] ?? null;
  }

  isChanged() {
    return this.isReplaced || this.position() !== this.savedAt;
  }

  refresh() {
    const stack = this.modeler.get('commandStack');
    for (const [name, isPossible] of [['undo', stack.canUndo()], ['redo', stack.canRedo()]]) {
      document.querySelectorAll(`[data-studio-action="${name}"]`).forEach(button => { button.disabled = !isPossible; });
    }
    document.querySelectorAll('[data-studio-status]').forEach(place => {
      const changed = this.isChanged() ? words('有未发布的修改', 'Changes are not deployed') : '';
      const wrong = this.errors ? words(`${this.errors} 处错误`, `${this.errors} errors`) : '';
      place.textContent = [changed, wrong].filter(Boolean).join(words('，', ', '));
    });
  }

  // found while drawing: marked, and not put in the way
  note(faults) {
    this.faults.note(faults);
    this.count(faults);
  }

  tell(faults) {
    this.watch.show(faults);
    this.count(faults);
  }

  count(faults) {
    this.errors = faults.filter(isError).length;
    this.refresh();
  }
}
