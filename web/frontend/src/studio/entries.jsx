/** @jsxImportSource @bpmn-io/properties-panel/preact */
// The fields of the properties panel, one component for each kind of `fields.js`.
import {FeelEntry, SelectEntry, TextFieldEntry, useError} from '@bpmn-io/properties-panel';
import {useEffect, useState} from '@bpmn-io/properties-panel/preact/hooks';
import {useService} from 'bpmn-js-properties-panel';
import {words} from '../page/language.js';
import {objectOf, readAttribute, readExtension, writeAttribute, writeExtension} from './attributes.js';
import {chosenForm, chooseForm} from './forms.js';
import {earlierSteps, otherSteps} from './steps.js';

export const entryId = name => `bihuan-${name}`;

export function entryOf(element, field, choices) {
  return {id: entryId(field.name), element, field, choices, component: COMPONENTS[field.kind], isEdited: () => Boolean(valueOf(element, field))};
}

const ROLES = ['zeebe:AssignmentDefinition', 'candidateGroups'];

function valueOf(element, field) {
  if (field.kind === 'form') {
    return chosenForm(element)?.formId ?? '';
  }
  if (field.kind === 'roles') {
    return readExtension(element, ...ROLES);
  }
  return field.type ? readExtension(element, field.type, field.attribute) : readAttribute(element, field);
}

function useValue(element, field) {
  const injector = useService('injector');
  const setValue = value => (field.type
    ? writeExtension(injector, element, field.type, {[field.attribute]: value || undefined})
    : writeAttribute(injector, element, field, value));
  return [valueOf(element, field), setValue];
}

// a value that the server does not know stays to be seen, and the server's check says what is wrong with it
const withUnknown = (options, value) => (!value || options.some(each => each.value === value || each.children?.some(inner => inner.value === value))
  ? options : [...options, {value, label: value.startsWith('=') ? words(`表达式 ${value}`, `expression ${value}`) : words(`未知：${value}`, `unknown: ${value}`)}]);

const optionsOf = items => (items ?? []).map(each => ({value: each.id, label: each.title}));

function Choice({element, id, field}) {
  const [stored, setValue] = useValue(element, field);
  const [first] = field.values[0];
  const value = stored === first ? '' : stored;
  const options = field.values.map(([each, label], index) => ({value: index ? each : '', label: index ? label : words(`${label}（默认）`, `${label} (default)`)}));
  return <SelectEntry element={element} id={id} label={field.label} description={field.help} getValue={() => value} setValue={setValue} getOptions={() => withUnknown(options, value)} />;
}

function Named({element, id, field, choices}) {
  const [value, setValue] = useValue(element, field);
  const items = choices[field.from] ?? [];
  const getOptions = () => withUnknown([{value: '', label: words(`（${field.none}）`, `(${field.none})`)}, ...grouped(items)], value);
  const address = choices[field.link];
  const help = address ? <span>{field.help} <a href={address} target="_blank" rel="noopener">{words('查看时限规则', 'Limits')}</a></span> : field.help;
  return <SelectEntry element={element} id={id} label={field.label} description={help} getValue={() => value} setValue={setValue} getOptions={getOptions} />;
}

function grouped(items) {
  const names = [...new Set(items.map(each => each.group).filter(Boolean))];
  return names.length < 2 ? optionsOf(items) : names.map(name => ({label: name, children: optionsOf(items.filter(each => each.group === name))}));
}

function FormChoice({element, id, field, choices}) {
  const injector = useService('injector');
  const value = valueOf(element, field);
  const options = [{value: '', label: words('（无表单）', '(no form)')}, ...optionsOf(choices.forms)];
  return <SelectEntry element={element} id={id} label={field.label} description={field.help} getValue={() => value} setValue={chosen => chooseForm(injector, element, chosen)} getOptions={() => withUnknown(options, value)} />;
}

function Outcomes({element, id, field, choices}) {
  const [value, setValue] = useValue(element, field);
  const form = choices.forms?.find(each => each.id === chosenForm(element)?.formId);
  if (!form?.outcomes?.length) {
    return <Text element={element} id={id} field={field} />;
  }
  const options = [{value: '', label: words('（不写）', '(none)')}, ...optionsOf(form.outcomes)];
  return <SelectEntry element={element} id={id} label={field.label} description={field.help} getValue={() => value} setValue={setValue} getOptions={() => withUnknown(options, value)} />;
}

function Text({element, id, field}) {
  const [value, setValue] = useValue(element, field);
  const debounce = useService('debounceInput');
  const validate = text => (text && field.pattern && !field.pattern.test(text) ? field.wrong : null);
  return <TextFieldEntry element={element} id={id} label={field.label} description={field.help} debounce={debounce} getValue={() => value} setValue={setValue} validate={validate} />;
}

function Whole({element, id, field}) {
  const wrong = words(`填 0 到 ${field.most} 的整数`, `A whole number from 0 to ${field.most}`);
  const pattern = {test: text => /^\d{1,9}$/.test(text) && Number(text) <= field.most};
  return <Text element={element} id={id} field={{...field, wrong, pattern}} />;
}

export function useVariables(element) {
  const resolver = useService('variableResolver', false);
  const [variables, setVariables] = useState([]);
  useEffect(() => {
    let isShown = true;
    resolver?.getVariablesForElement(objectOf(element), element).then(found => isShown && setVariables(found));
    return () => { isShown = false; };
  }, [element]);
  return variables;
}

export function Expression({element, id, label, help, feel, value, setValue}) {
  const debounce = useService('debounceInput');
  const translate = useService('translate');
  const variables = useVariables(element);
  return <FeelEntry element={element} id={id} label={label} description={help} feel={feel} debounce={debounce} translate={translate} getValue={() => value} setValue={setValue} variables={variables} />;
}

function Feel({element, id, field}) {
  const [value, setValue] = useValue(element, field);
  const feel = field.kind === 'expression' ? 'required' : 'optional';
  return <Expression element={element} id={id} label={field.label} help={field.help} feel={feel} value={value} setValue={setValue} />;
}

const split = value => value.split(/[\s,]+/).filter(Boolean);

function Ticks({id, label, help, items, chosen, setChosen}) {
  const error = useError(id);
  const unknown = chosen.filter(each => !items.some(item => item.id === each));
  const all = [...items, ...unknown.map(each => ({id: each, title: words(`未知：${each}`, `unknown: ${each}`)}))];
  const toggle = each => setChosen(all.map(item => item.id).filter(item => (item === each) !== chosen.includes(item)));
  return (
    <div class={`bio-properties-panel-entry${error ? ' has-error' : ''}`} data-entry-id={id}>
      <fieldset class="studio-ticks">
        <legend class="bio-properties-panel-label">{label}</legend>
        {all.map(item => (
          <label key={item.id}>
            <input type="checkbox" name={id} value={item.id} checked={chosen.includes(item.id)} onChange={() => toggle(item.id)} />
            <span>{item.title}</span>
          </label>
        ))}
        {!all.length && <p>{words('没有可选的', 'Nothing to choose from')}</p>}
      </fieldset>
      {error && <div class="bio-properties-panel-error">{error}</div>}
      <div class="bio-properties-panel-description">{help}</div>
    </div>
  );
}

function Steps({element, id, field}) {
  const [value, setValue] = useValue(element, field);
  return <Ticks id={id} label={field.label} help={field.help} items={otherSteps(objectOf(element))} chosen={split(value)} setChosen={chosen => setValue(chosen.join(' '))} />;
}

function Roles({element, id, field, choices}) {
  const injector = useService('injector');
  const value = valueOf(element, field);
  const [type, attribute] = ROLES;
  if (value.startsWith('=')) {
    return <Ticks id={id} label={field.label} help={words(`由表达式决定：${value}`, `By expression: ${value}`)} items={[]} chosen={[]} />;
  }
  const write = chosen => writeExtension(injector, element, type, {[attribute]: chosen.join(',') || undefined});
  return <Ticks id={id} label={field.label} help={field.help} items={choices.roles ?? []} chosen={value.split(',').map(each => each.trim()).filter(Boolean)} setChosen={write} />;
}

const NOWHERE = 'none';

function Returns({element, id, field}) {
  const [value, setValue] = useValue(element, field);
  const [choosing, setChoosing] = useState(null);
  const isChoosing = value !== NOWHERE && (Boolean(value) || choosing === element.id);
  const mode = isChoosing ? 'some' : value;
  const setMode = wanted => {
    setChoosing(wanted === 'some' ? element.id : null);
    if (value || wanted === NOWHERE) {
      setValue(wanted === NOWHERE ? NOWHERE : '');
    }
  };
  const options = [
    {value: '', label: words('任何已办的前面环节（默认）', 'Any earlier step (default)')},
    {value: 'some', label: words('只能退到所选环节', 'Only those chosen')},
    {value: NOWHERE, label: words('不许退回', 'Not at all')},
  ];
  return (
    <div>
      <SelectEntry element={element} id={`${id}-mode`} label={field.label} description={field.help} getValue={() => mode} setValue={setMode} getOptions={() => options} />
      {isChoosing && <Ticks id={id} label={words('可退回的环节', 'Steps')} help={words('都不选等于不作限制', 'None chosen means any')} items={earlierSteps(objectOf(element))} chosen={split(value)} setChosen={chosen => setValue(chosen.join(' '))} />}
    </div>
  );
}

const COMPONENTS = {
  choice: Choice, named: Named, form: FormChoice, outcomes: Outcomes, text: Text, number: Whole, feel: Feel, expression: Feel,
  ticks: Steps, roles: Roles, returns: Returns,
};
