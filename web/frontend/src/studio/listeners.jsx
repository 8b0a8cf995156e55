/** @jsxImportSource @bpmn-io/properties-panel/preact */
// The listeners of an element in one group: when, and whether a service is called or a variable written.
import {ListGroup, SelectEntry, TextFieldEntry} from '@bpmn-io/properties-panel';
import {useService} from 'bpmn-js-properties-panel';
import {is} from 'bpmn-js/lib/util/ModelUtil';
import {words} from '../page/language.js';
import {extensionOf, objectOf, replaceExtensions} from './attributes.js';
import {Expression} from './entries.jsx';

// a listener of this type calls nothing: it writes a variable
const SET = 'bihuan:set';
const KINDS = ['zeebe:ExecutionListener', 'zeebe:TaskListener'];
const OF_TASKS = ['creating', 'assigning', 'updating', 'completing', 'canceling'];
// of these only services are told
const ONLY_TOLD = ['assigning', 'updating', 'canceling', 'assignment', 'update', 'cancel'];
const ENDING = ['Error', 'Terminate', 'Cancel', 'Link'].map(kind => `bpmn:${kind}EventDefinition`);

const WHEN = {
  start: () => words('开始时', 'When it starts'),
  end: () => words('结束时', 'When it ends'),
  creating: () => words('任务生成时', 'When the task opens'),
  assigning: () => words('任务交给某人时', 'When the task is given to somebody'),
  updating: () => words('任务变更时', 'When the task is changed'),
  completing: () => words('任务办结时', 'When the task is done'),
  canceling: () => words('任务取消时', 'When the task is withdrawn'),
};

// as the engine has it: a listener that could never be called is refused at deployment
export function momentsOf(object) {
  const has = (...types) => object.eventDefinitions?.some(each => types.some(type => is(each, type)));
  const isCompensation = is(object, 'bpmn:BoundaryEvent') && has('bpmn:CompensateEventDefinition');
  if (isCompensation || !(is(object, 'bpmn:Activity') || is(object, 'bpmn:Event') || is(object, 'bpmn:Gateway'))) {
    return [];
  }
  const afterGate = object.incoming?.some(flow => is(flow.sourceRef, 'bpmn:EventBasedGateway')) && (is(object, 'bpmn:Event') || is(object, 'bpmn:ReceiveTask'));
  const noStart = is(object, 'bpmn:StartEvent') || is(object, 'bpmn:BoundaryEvent') || object.triggeredByEvent || afterGate;
  const noEnd = is(object, 'bpmn:Gateway') || (is(object, 'bpmn:ThrowEvent') && has(...ENDING));
  return [...(noStart ? [] : ['start']), ...(noEnd ? [] : ['end']), ...(is(object, 'bpmn:UserTask') ? OF_TASKS : [])];
}

export function listenersOf(element) {
  const object = objectOf(element);
  return KINDS.flatMap(kind => extensionOf(object, `${kind}s`)?.listeners ?? []);
}

export const listenerEntryId = (index, part) => `bihuan-listener-${index}-${part}`;

const kindOf = event => (OF_TASKS.includes(event) || ['create', 'complete', 'assignment', 'update', 'cancel'].includes(event) ? KINDS[1] : KINDS[0]);

// all listeners of the element anew, each in the container that its moment belongs to
function write(injector, element, given) {
  const factory = injector.get('bpmnFactory');
  replaceExtensions(injector, element, KINDS.map(kind => {
    const listeners = given.filter(each => kindOf(each.eventType) === kind)
      .map(each => (each.kept && is(each.kept, kind) ? each.kept : factory.create(kind, each.properties)));
    return [`${kind}s`, listeners.length ? {listeners} : null];
  }));
}

const asKept = listener => ({eventType: listener.eventType, kept: listener});

function changed(listener, changes) {
  const own = {retries: listener.retries, 'bihuan:variable': listener.get('bihuan:variable'), 'bihuan:value': listener.get('bihuan:value')};
  const properties = {eventType: listener.eventType, type: listener.type, ...own, ...(listener.headers ? {headers: listener.headers} : {}), ...changes};
  return {eventType: properties.eventType, properties: Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined))};
}

export function listenersGroup(element, injector, choices) {
  const object = objectOf(element);
  const moments = object ? momentsOf(object) : [];
  const listeners = object && !is(object, 'bpmn:Process') ? listenersOf(element) : [];
  if (!moments.length && !listeners.length) {
    return null;
  }
  const add = event => {
    event.stopPropagation();
    const eventType = moments[0];
    const first = {eventType, properties: {eventType, type: choices.services?.[0]?.id ?? SET}};
    write(injector, element, [...listeners.map(asKept), first]);
  };
  return {
    id: 'bihuan-listeners', label: words('监听', 'Listeners'), component: ListGroup, element, translate: injector.get('translate'), add: moments.length ? add : undefined,
    items: listeners.map((listener, index) => itemOf({element, injector, choices, listeners, listener, index, moments})),
  };
}

function itemOf({element, injector, choices, listeners, listener, index, moments}) {
  const change = changes => write(injector, element, listeners.map(each => (each === listener ? changed(each, changes) : asKept(each))));
  const shared = {element, listener, choices, change, moments};
  const parts = listener.type === SET ? [When, What, Variable, Value] : [When, What, Retries];
  return {
    id: `bihuan-listener-${index}`,
    label: `${(WHEN[listener.eventType] ?? (() => listener.eventType))()} · ${titleOf(listener, choices)}`,
    entries: parts.map(component => ({...shared, id: listenerEntryId(index, component.name.toLowerCase()), component: component.component})),
    remove: event => {
      event.stopPropagation();
      write(injector, element, listeners.filter(each => each !== listener).map(asKept));
    },
  };
}

function titleOf(listener, choices) {
  if (listener.type === SET) {
    return words(`写入 ${listener.get('bihuan:variable') ?? '…'}`, `write ${listener.get('bihuan:variable') ?? '…'}`);
  }
  return choices.services?.find(each => each.id === listener.type)?.title ?? listener.type ?? '…';
}

function WhenField({element, id, listener, change, moments}) {
  const known = moments.includes(listener.eventType) ? moments : [...moments, listener.eventType];
  const getOptions = () => known.map(each => ({value: each, label: (WHEN[each] ?? (() => each))()}));
  return <SelectEntry element={element} id={id} label={words('何时', 'When')} description={words('元素或任务到这一刻时执行', 'What makes it act')} getValue={() => listener.eventType} setValue={eventType => change({eventType})} getOptions={getOptions} />;
}

function WhatField({element, id, listener, choices, change}) {
  const services = (choices.services ?? []).map(each => ({value: each.id, label: words(`调用服务：${each.title}`, `call ${each.title}`)}));
  const writes = ONLY_TOLD.includes(listener.eventType) ? [] : [{value: SET, label: words('写入变量', 'write a variable')}];
  const options = [...services, ...writes];
  const isKnown = options.some(each => each.value === listener.type);
  const getOptions = () => (isKnown ? options : [...options, {value: listener.type, label: words(`其他：${listener.type}`, `other: ${listener.type}`)}]);
  const setValue = type => change(type === SET ? {type, retries: undefined, headers: undefined} : {type, 'bihuan:variable': undefined, 'bihuan:value': undefined});
  return <SelectEntry element={element} id={id} label={words('做什么', 'What')} description={words('调用应用登记的服务，或把表达式的值写入变量', 'Calls a service of the app, or writes a variable')} getValue={() => listener.type} setValue={setValue} getOptions={getOptions} />;
}

function TextField({element, id, label, help, name, listener}) {
  const debounce = useService('debounceInput');
  const modeling = useService('modeling');
  const setValue = value => modeling.updateModdleProperties(element, listener, {[name]: value || undefined});
  return <TextFieldEntry element={element} id={id} label={label} description={help} debounce={debounce} getValue={() => listener.get(name) ?? ''} setValue={setValue} />;
}

const RetriesField = props => <TextField {...props} name="retries" label={words('重试次数', 'Retries')} help={words('服务失败时重试几次，不填为 3', 'When the service fails; 3 without it')} />;

const VariableField = props => <TextField {...props} name="bihuan:variable" label={words('变量', 'Variable')} help={words('写入的变量名', 'What is written')} />;

function ValueField({element, id, listener}) {
  const modeling = useService('modeling');
  const setValue = value => modeling.updateModdleProperties(element, listener, {'bihuan:value': value || undefined});
  return <Expression element={element} id={id} label={words('值', 'Value')} help={words('表达式，如 =today()', 'FEEL, such as =today()')} feel="required" value={listener.get('bihuan:value') ?? ''} setValue={setValue} />;
}

const When = {name: 'When', component: WhenField};
const What = {name: 'What', component: WhatField};
const Retries = {name: 'Retries', component: RetriesField};
const Variable = {name: 'Variable', component: VariableField};
const Value = {name: 'Value', component: ValueField};
