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
    return processOf(element) ? caseFields().map(field => attributeEntry(element, field)) : [];
  }
}
SettingsProvider.$inject = ['propertiesPanel', 'config.forms'];

export const settingsModule = {__init__: ['settingsProvider'], settingsProvider: ['type', SettingsProvider]};

const taskFields = () => [
  {name: 'unit', label: words('承办单位', 'Unit'), help: words('岗位所在的单位；以 = 开头为表达式，如 =unit', 'Unit of the queue; an expression begins with =')},
  {name: 'limit', label: words('办理时限', 'Limit'), help: words('时限表中的代码，如 verify', 'Code in limits.yaml')},
  {name: 'cc', label: words('抄送', 'Copy to'), help: words('岗位，多个用逗号分开', 'Roles, separated by commas')},
  {name: 'fourEyes', label: words('回避环节', 'Not by the same person as'), help: words('办过这些环节的人不能办理本环节；填环节编号，用逗号分开', 'Ids of steps, separated by commas')},
  {name: 'returnPolicy', label: words('退回', 'Return'), options: () => [
    {value: '', label: words('按系统默认', 'Default')},
    {value: 'none', label: words('不能退回', 'Not allowed')},
    {value: 'previous', label: words('可退回上一环节', 'To the step before')},
    {value: 'any', label: words('可退回任一已办环节', 'To any step done')},
  ]},
];

const caseFields = () => [
  {name: 'title', label: words('案件标题', 'Title of the case'), help: words('以 = 开头为表达式，如 =隐患描述', 'An expression begins with =')},
  {name: 'caseUnit', label: words('案件所属单位', 'Unit of the case'), help: words('以 = 开头为表达式，如 =unit', 'An expression begins with =')},
];

function processOf(element) {
  const object = getBusinessObject(element);
  return is(object, 'bpmn:Process') ? object : object.processRef;
}

function attributeEntry(element, field) {
  return {
    id: `bihuan-${field.name}`,
    element,
    field,
    component: field.options ? ChoiceField : TextField,
    isEdited: field.options ? isSelectEntryEdited : isTextFieldEntryEdited,
  };
}

function useAttribute(element, name) {
  const modeling = useService('modeling');
  const object = is(element, 'bpmn:UserTask') ? getBusinessObject(element) : processOf(element);
  return {
    getValue: () => object.get(`bihuan:${name}`) ?? '',
    setValue: value => modeling.updateModdleProperties(element, object, {[`bihuan:${name}`]: value || undefined}),
  };
}

function TextField({element, id, field}) {
  const debounce = useService('debounceInput');
  return <TextFieldEntry element={element} id={id} label={field.label} description={field.help} debounce={debounce} {...useAttribute(element, field.name)} />;
}

function ChoiceField({element, id, field}) {
  return <SelectEntry element={element} id={id} label={field.label} getOptions={field.options} {...useAttribute(element, field.name)} />;
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
