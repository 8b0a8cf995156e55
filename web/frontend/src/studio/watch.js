// The server's check while somebody draws: what is wrong is marked at the elements and at the fields of the panel.
import {request} from '../page/requests.js';
import {entryId} from './entries.jsx';
import {listenerEntryId, listenersOf} from './listeners.jsx';

const QUIET_MS = 700;

// faults of what the stock groups hold
const STOCK = {
  assignee: 'assignmentDefinitionAssignee', candidateUsers: 'assignmentDefinitionCandidateUsers', dueDate: 'taskScheduleDueDate',
  followUpDate: 'taskScheduleFollowUpDate', priority: 'priorityDefinitionPriority',
};

export class Watch {
  constructor({modeler, checkUrl, xml, found}) {
    Object.assign(this, {modeler, checkUrl, xml, found});
    this.faults = [];
    this.asked = 0;
    this.timer = null;
    modeler.on('selection.changed', () => this.point());
  }

  later() {
    this.asked += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.run(), QUIET_MS);
  }

  // whatever the server is at, an answer to an earlier state of the diagram
  async run() {
    const asked = this.asked;
    try {
      const {faults} = await request(this.checkUrl, {method: 'POST', body: {xml: await this.xml()}});
      if (asked === this.asked) {
        this.show(faults);
        this.found(faults);
      }
    } catch {
      // drawing goes on; the check and the deployment say when the server is away
    }
  }

  show(faults) {
    this.faults = faults;
    this.point();
  }

  // the fields of the element that is selected, or of the process when nothing is
  point() {
    const element = this.modeler.get('selection').get()[0] ?? this.modeler.get('canvas').getRootElement();
    const target = element.labelTarget ?? element;
    const errors = {};
    for (const fault of this.faults.filter(each => each.element === target.id && each.level !== 'warning')) {
      for (const id of placesOf(target, fault)) {
        errors[id] = fault.reason;
      }
    }
    this.modeler.get('eventBus').fire('propertiesPanel.setErrors', {errors});
  }
}

function placesOf(element, {field, value}) {
  const listeners = listenersOf(element);
  const at = listeners.flatMap((each, index) => (value && each.type === value ? [listenerEntryId(index, 'what')] : []));
  if (field === 'listener') {
    return at.length ? at : listeners.map((each, index) => (value === each.eventType ? listenerEntryId(index, 'when') : null)).filter(Boolean);
  }
  if (field === 'service') {
    return [...at, entryId('service'), 'taskDefinitionType'];
  }
  return field ? [STOCK[field] ?? entryId(field)] : [];
}
