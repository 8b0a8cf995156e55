// Reads and writes what stands at an element: bihuan: attributes, zeebe properties that mean the same, extension elements.
import {getBusinessObject, is} from 'bpmn-js/lib/util/ModelUtil';

const EXECUTE = 'properties-panel.multi-command-executor';

// of a pool, the settings are those of its process
export function objectOf(element) {
  const object = getBusinessObject(element);
  return is(object, 'bpmn:Participant') ? object.processRef : object;
}

export const extensionOf = (object, type) => object?.extensionElements?.values?.find(each => is(each, type));

export function readAttribute(element, field) {
  const object = objectOf(element);
  return object.get(`bihuan:${field.name}`) ?? propertiesOf(object, field)[0]?.value ?? '';
}

// the engine reads a zeebe property of the same name where there is no attribute, so it has to go
export function writeAttribute(injector, element, field, value) {
  const object = objectOf(element);
  const commands = [update(element, object, {[`bihuan:${field.name}`]: value || undefined})];
  const replaced = new Set(propertiesOf(object, field));
  if (replaced.size) {
    const holder = extensionOf(object, 'zeebe:Properties');
    const left = holder.properties.filter(each => !replaced.has(each));
    commands.push(left.length ? update(element, holder, {properties: left}) : leave(injector, element, object, [holder]));
  }
  injector.get('commandStack').execute(EXECUTE, commands);
}

function propertiesOf(object, {name, isPlain = false}) {
  const names = isPlain ? [`bihuan:${name}`, name] : [`bihuan:${name}`];
  return extensionOf(object, 'zeebe:Properties')?.properties?.filter(each => names.includes(each.name)) ?? [];
}

export const readExtension = (element, type, name) => extensionOf(objectOf(element), type)?.get(name) ?? '';

export function writeExtension(injector, element, type, properties) {
  const object = objectOf(element);
  const known = extensionOf(object, type);
  const command = known
    ? update(element, known, properties)
    : leave(injector, element, object, [], [injector.get('bpmnFactory').create(type, properties)]);
  injector.get('commandStack').execute(EXECUTE, [command]);
}

// several of them in one step, so that one undo takes all back: [[type, properties or null to remove it]]
export function replaceExtensions(injector, element, changes) {
  const object = objectOf(element);
  const gone = changes.map(([type]) => extensionOf(object, type)).filter(Boolean);
  const made = changes.filter(([, properties]) => properties).map(([type, properties]) => adopted(injector, type, properties));
  injector.get('commandStack').execute(EXECUTE, [leave(injector, element, object, gone, made)]);
}

function adopted(injector, type, properties) {
  const made = injector.get('bpmnFactory').create(type, properties);
  for (const value of Object.values(properties)) {
    for (const each of Array.isArray(value) ? value : []) {
      each.$parent = made;
    }
  }
  return made;
}

function leave(injector, element, object, gone, made = []) {
  const kept = object.extensionElements?.values?.filter(each => !gone.includes(each)) ?? [];
  const values = [...kept, ...made];
  const extensionElements = values.length ? injector.get('bpmnFactory').create('bpmn:ExtensionElements', {values}) : undefined;
  for (const each of made) {
    each.$parent = extensionElements;
  }
  if (extensionElements) {
    extensionElements.$parent = object;
  }
  return update(element, object, {extensionElements});
}

const update = (element, moddleElement, properties) => ({
  cmd: 'element.updateModdleProperties', context: {element, moddleElement, properties},
});
