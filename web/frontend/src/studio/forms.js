// Reads and writes the form of a user task: zeebe:formDefinition@formId among its extension elements.
import {getBusinessObject, is} from 'bpmn-js/lib/util/ModelUtil';

export function chosenForm(element) {
  return getBusinessObject(element).extensionElements?.values?.find(each => is(each, 'zeebe:FormDefinition'));
}

export function chooseForm(injector, element, formId) {
  const modeling = injector.get('modeling');
  const create = injector.get('bpmnFactory');
  const object = getBusinessObject(element);
  const known = object.extensionElements;
  const others = known?.values.filter(each => !is(each, 'zeebe:FormDefinition')) ?? [];
  const extensionElements = create.create('bpmn:ExtensionElements', {values: []});
  extensionElements.$parent = object;
  const definition = formId ? [create.create('zeebe:FormDefinition', {formId})] : [];
  for (const each of definition) {
    each.$parent = extensionElements;
  }
  extensionElements.values = [...others, ...definition];
  modeling.updateProperties(element, {extensionElements});
}
