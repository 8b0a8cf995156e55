// Our own groups in the properties panel in place of the stock groups that officials do not need.
import {Group} from '@bpmn-io/properties-panel';
import {is} from 'bpmn-js/lib/util/ModelUtil';
import {entryOf} from './entries.jsx';
import {groupsOf} from './fields.js';
import {chosenForm} from './forms.js';
import {listenersGroup} from './listeners.jsx';

// lower than the stock providers (1000 and 500), so that their groups are there to be left out
const AFTER_OTHERS = 400;
const HIDDEN = new Set([
  'headers', 'Zeebe__ExecutionListeners', 'Zeebe__TaskListeners', 'userTaskImplementation',
]);

class SettingsProvider {
  constructor(propertiesPanel, injector, choices) {
    this.injector = injector;
    this.choices = choices ?? {};
    propertiesPanel.registerProvider(AFTER_OTHERS, this);
  }

  getGroups(element) {
    return groups => {
      const kept = groups.filter(group => !HIDDEN.has(group.id) && !(group.id === 'form' && this.replacesForm(element)));
      const own = groupsOf(element).map(group => this.group(element, group)).filter(group => group.entries.length);
      const listening = element.labelTarget || is(element, 'bpmn:Process') ? null : listenersGroup(element, this.injector, this.choices);
      kept.splice(1, 0, ...own, ...(listening ? [listening] : []));
      return kept;
    };
  }

  group(element, {id, label, shouldOpen = false, fields}) {
    const shown = fields.filter(field => this.isOffered(element, field));
    return {id, label, shouldOpen, component: Group, entries: shown.map(field => entryOf(element, field, this.choices))};
  }

  // a picker without anything to pick from leaves its place to the stock field
  isOffered(element, field) {
    if (field.kind === 'form') {
      return this.replacesForm(element);
    }
    const from = {roles: 'roles', named: field.from}[field.kind];
    return !from || from === 'limits' || Boolean(this.choices[from]?.length);
  }

  replacesForm(element) {
    const chosen = chosenForm(element);
    return Boolean(this.choices.forms?.length) && !chosen?.externalReference && !chosen?.formKey;
  }
}
SettingsProvider.$inject = ['propertiesPanel', 'injector', 'config.choices'];

export const settingsModule = {__init__: ['settingsProvider'], settingsProvider: ['type', SettingsProvider]};
