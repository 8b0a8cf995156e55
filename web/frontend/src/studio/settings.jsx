/** @jsxImportSource @bpmn-io/properties-panel/preact */
// Our own group in the properties panel, 办理设置, and the stock groups that officials do not need.
import {Group, SelectEntry, TextFieldEntry, isSelectEntryEdited, isTextFieldEntryEdited} from '@bpmn-io/properties-panel';
import {useService} from 'bpmn-js-properties-panel';
import {getBusinessObject, is} from 'bpmn-js/lib/util/ModelUtil';
import {words} from '../page/language.js';
import {chosenForm, chooseForm} from './forms.js';

// lower than the stock providers (1000 and 500), so that their groups are there to be left out
const AFTER_OTHERS = 400;
const HIDDEN = new Set(['headers', 'Zeebe__TaskListeners', 'userTaskImplementation', 'adHocSubProcessImplementation']);

class SettingsProvider {
  constructor(propertiesPanel, forms) {
    this.forms = forms ?? [];
    propertiesPanel.registerProvider(AFTER_OTHERS, this);
  }

  getGroups(element) {
    return groups => {
      const kept = groups.filter(group => !HIDDEN.has(group.id) && !(group.id === 'form' && this.replacesForm(element)));
      const entries = this.entries(element);
      if (entries.length) {
        kept.splice(1, 0, {id: 'handling', label: words('办理设置', 'Handling'), component: Group, entries, shouldOpen: true});
      }
      return kept;
    };
  }

  replacesForm(element) {
    return this.forms.length > 0 && !chosenForm(element)?.externalReference;
  }

  entries(element) {
    if (is(element, 'bpmn:UserTask')) {
      const form = this.replacesForm(element) ? [formEntry(element, this.forms)] : [];
      return [...form, ...taskFields().map(field => attributeEntry(element, field))];
    }
    return is(element, 'bpmn:BusinessRuleTask') ? [attributeEntry(element, decisionField())] : [];
  }
}
SettingsProvider.$inject = ['propertiesPanel', 'config.forms'];

export const settingsModule = {__init__: ['settingsProvider'], settingsProvider: ['type', SettingsProvider]};

const taskFields = () => [
  {name: 'unit', label: words('承办单位', 'Unit'), help: words('岗位所在单位的编码；以 = 开头为表达式，如 =企业编码', 'Code of the unit of the queue; an expression begins with =')},
  {name: 'outcome', label: words('结论变量', 'Variable of the outcome'), help: words('所按按钮的结论存入这个变量，如 定级结论', 'Keeps which button was pressed')},
  {name: 'fourEyes', label: words('回避环节', 'Not by the same person as'), help: words('办过这些环节的人不能办理本环节；填环节编号，用空格分开', 'Ids of steps, separated by blanks')},
];

const decisionField = () => ({
  name: 'effectiveOn', label: words('适用日期', 'In force on'),
  help: words('按这一天有效的版本判定，如 =检查日期；不填为当天', 'The version in force on this day decides; today without it'),
});

function attributeEntry(element, field) {
  return {id: `bihuan-${field.name}`, element, field, component: TextField, isEdited: isTextFieldEntryEdited};
}

function TextField({element, id, field}) {
  const debounce = useService('debounceInput');
  const modeling = useService('modeling');
  const object = getBusinessObject(element);
  const getValue = () => object.get(`bihuan:${field.name}`) ?? '';
  const setValue = value => modeling.updateModdleProperties(element, object, {[`bihuan:${field.name}`]: value || undefined});
  return <TextFieldEntry element={element} id={id} label={field.label} description={field.help} debounce={debounce} getValue={getValue} setValue={setValue} />;
}

function formEntry(element, forms) {
  return {id: 'bihuan-form', element, forms, component: FormField, isEdited: isSelectEntryEdited};
}

function FormField({element, id, forms}) {
  const injector = useService('injector');
  const current = chosenForm(element)?.formId ?? '';
  const unknown = current && !forms.some(form => form.id === current) ? [{value: current, label: current}] : [];
  const getOptions = () => [
    {value: '', label: words('(无表单)', '(no form)')},
    ...forms.map(form => ({value: form.id, label: form.title ?? form.name ?? form.id})),
    ...unknown,
  ];
  return <SelectEntry element={element} id={id} label={words('表单', 'Form')} getOptions={getOptions} getValue={() => current} setValue={value => chooseForm(injector, element, value)} />;
}
