// One of two versions of a diagram: what differs is marked, and moving one moves the other.
import {element} from '../page/elements.js';
import {words} from '../page/language.js';
import {Picture} from './picture.js';

const kinds = () => [
  ['added', words('新增', 'Added')],
  ['removed', words('删除', 'Removed')],
  ['changed', words('修改', 'Changed')],
];

const pairs = new Map();

export class Changes extends Picture {
  constructor(holder) {
    super(holder);
    this.changes = JSON.parse(holder.dataset.changes);
    const {added = [], removed = [], changed = []} = this.changes;
    this.state = {open: [...changed, ...removed, ...added]};
  }

  async open() {
    await super.open();
    if (this.holder.querySelector('[role=alert]')) {
      return;
    }
    this.markChanges();
    this.holder.append(this.legend());
    this.follow();
  }

  markChanges() {
    const canvas = this.viewer.get('canvas');
    const registry = this.viewer.get('elementRegistry');
    for (const [kind, label] of kinds()) {
      for (const id of this.changes[kind] ?? []) {
        const shape = registry.get(id);
        if (shape) {
          canvas.addMarker(shape, `change-${kind}`);
          this.tag(shape, kind, label);
        }
      }
    }
  }

  // never colour alone: the word stands beside every step
  tag(shape, kind, label) {
    if (!shape.waypoints && !shape.labelTarget) {
      this.viewer.get('overlays').add(shape.id, {
        position: {top: -11, left: 4},
        show: {minZoom: 0.35},
        html: element('div', {class: `diagram-label change-label-${kind}`}, label),
      });
    }
  }

  legend() {
    const shown = kinds().filter(([kind]) => (this.changes[kind] ?? []).length);
    return element('ul', {class: 'diagram-legend'}, ...shown.map(([kind, label]) => element('li', {class: `legend-${kind}`}, label)));
  }

  follow() {
    const {pair} = this.holder.dataset;
    const others = pairs.get(pair) ?? [];
    pairs.set(pair, [...others, this]);
    this.viewer.on('canvas.viewbox.changed', ({viewbox}) => {
      if (this.isFollowing) {
        return;
      }
      for (const other of pairs.get(pair)) {
        if (other !== this) {
          other.show(viewbox);
        }
      }
    });
  }

  show({x, y, width, height}) {
    this.isFollowing = true;
    this.viewer.get('canvas').viewbox({x, y, width, height});
    this.isFollowing = false;
  }
}
