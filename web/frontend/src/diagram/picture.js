// One diagram with the state of a case drawn over it.
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import {element, icon} from '../page/elements.js';
import {words} from '../page/language.js';
import {requestText} from '../page/requests.js';

const READABLE = 0.55;
const COMFORTABLE = 0.8;

const states = () => [
  ['done', words('已办', 'Done')],
  ['open', words('在办', 'In hand')],
  ['overdue', words('超期', 'Overdue')],
  ['idle', words('未到', 'Not reached')],
];

export class Picture {
  constructor(holder) {
    this.holder = holder;
    this.state = JSON.parse(holder.dataset.state || '{}');
    this.canvasHolder = element('div', {class: 'diagram-canvas', tabindex: '0', 'aria-label': words('流程图，可拖动；加减号缩放', 'Diagram; drag to move, plus and minus to zoom')});
    holder.classList.add('diagram');
    holder.replaceChildren(element('p', {class: 'diagram-wait'}, words('正在打开流程图…', 'Opening the diagram…')), this.canvasHolder);
    this.viewer = new NavigatedViewer({container: this.canvasHolder});
  }

  async open() {
    try {
      await this.viewer.importXML(await requestText(this.holder.dataset.xmlUrl));
    } catch (error) {
      this.holder.replaceChildren(element('p', {class: 'diagram-wait', role: 'alert'}, words('流程图打不开：', 'The diagram cannot be shown: '), error.message));
      return;
    }
    this.holder.querySelector('.diagram-wait').remove();
    this.mark();
    this.label();
    this.holder.append(this.tools());
    if (this.holder.dataset.state) {
      this.holder.append(legend());
    }
    this.listen();
    this.fit();
    this.approach();
  }

  // at the element that the address asks for; else, where the whole would be too small to read, at the step in hand
  approach() {
    const canvas = this.viewer.get('canvas');
    const registry = this.viewer.get('elementRegistry');
    const asked = this.holder.dataset.state && registry.get(new URLSearchParams(location.search).get('element') ?? '');
    const [id] = [...(this.state.overdue ?? []), ...(this.state.open ?? [])];
    const shape = asked || (id && registry.get(id));
    if (asked) {
      canvas.addMarker(asked, 'state-asked');
      this.holder.scrollIntoView({block: 'center'}); // what stands above it may have grown since the page opened
    }
    if (shape && (asked || canvas.zoom() < READABLE)) {
      canvas.zoom(COMFORTABLE, {x: shape.x + shape.width / 2, y: shape.y + shape.height / 2});
      const {width, height} = canvas.viewbox();
      canvas.viewbox({x: shape.x + shape.width / 2 - width / 2, y: shape.y + shape.height / 2 - height / 2, width, height});
    }
  }

  mark() {
    const canvas = this.viewer.get('canvas');
    const registry = this.viewer.get('elementRegistry');
    const {done = [], open = [], overdue = []} = this.state;
    const marks = new Map([...done.map(id => [id, 'done']), ...open.map(id => [id, 'open']), ...overdue.map(id => [id, 'overdue'])]);
    if (!this.holder.dataset.state) {
      return;
    }
    registry.forEach(shape => {
      const isFrame = /^bpmn:(Participant|Lane|Process|Collaboration|TextAnnotation|Group|Association|DataObjectReference|DataStoreReference)$/.test(shape.type);
      if (!isFrame && !shape.labelTarget) {
        canvas.addMarker(shape, `state-${marks.get(shape.id) ?? this.flowState(shape, marks) ?? 'idle'}`);
      }
    });
  }

  // a flow was taken when both its ends were reached
  flowState(shape, marks) {
    const isTaken = shape.waypoints && marks.has(shape.source?.id) && marks.get(shape.source.id) === 'done' && marks.has(shape.target?.id);
    return isTaken ? 'done' : null;
  }

  label() {
    const registry = this.viewer.get('elementRegistry');
    for (const [id, text] of Object.entries(this.state.labels ?? {})) {
      if (text && registry.get(id)) {
        const isOverdue = (this.state.overdue ?? []).includes(id);
        this.viewer.get('overlays').add(id, {
          position: {bottom: -4, left: 0},
          show: {minZoom: 0.35},
          html: element('div', {class: `diagram-label${isOverdue ? ' diagram-label-overdue' : ''}`}, text),
        });
      }
    }
  }

  tools() {
    const button = (name, label, click) => element('button', {type: 'button', class: 'btn btn-icon', title: label, 'aria-label': label, click}, icon(name));
    return element('div', {class: 'diagram-tools no-print'},
      button('zoom-in', words('放大', 'Zoom in'), () => this.zoom(1)),
      button('zoom-out', words('缩小', 'Zoom out'), () => this.zoom(-1)),
      button('maximize', words('看全图', 'Whole diagram'), () => this.fit()));
  }

  zoom(step) {
    this.viewer.get('zoomScroll').stepZoom(step);
  }

  fit() {
    const canvas = this.viewer.get('canvas');
    canvas.resized();
    canvas.zoom('fit-viewport', 'auto');
  }

  listen() {
    this.canvasHolder.addEventListener('keydown', event => {
      const moves = {ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60]};
      const act = {'+': () => this.zoom(1), '=': () => this.zoom(1), '-': () => this.zoom(-1), 0: () => this.fit()}[event.key];
      if (moves[event.key]) {
        const [dx, dy] = moves[event.key];
        event.preventDefault();
        this.viewer.get('canvas').scroll({dx, dy});
      } else if (act && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        act();
      }
    });
    let width = this.holder.clientWidth;
    new ResizeObserver(() => {
      if (this.holder.clientWidth && this.holder.clientWidth !== width) {
        width = this.holder.clientWidth;
        this.fit();
      }
    }).observe(this.holder);
  }
}

function legend() {
  return element('ul', {class: 'diagram-legend'}, ...states().map(([name, label]) => element('li', {class: `legend-${name}`}, label)));
}
