// The steps of a diagram: those of its people, and those that come before one of them.
import {is} from 'bpmn-js/lib/util/ModelUtil';

const titled = node => ({id: node.id, title: node.name?.trim() || node.id});
const isContainer = node => is(node, 'bpmn:SubProcess') || is(node, 'bpmn:Process');

function within(container) {
  return (container.flowElements ?? []).flatMap(node => [node, ...(isContainer(node) ? within(node) : [])]);
}

function processOf(node) {
  let above = node;
  while (above && !is(above, 'bpmn:Process')) {
    above = above.$parent;
  }
  return above;
}

export function otherSteps(task) {
  const process = processOf(task);
  return process ? within(process).filter(node => is(node, 'bpmn:UserTask') && node !== task).map(titled) : [];
}

// user tasks of its own scope, or of a scope around it, from which a path leads to it
export function earlierSteps(task) {
  const found = new Set();
  for (let current = task; current && !is(current, 'bpmn:Process'); current = current.$parent) {
    if (!current.triggeredByEvent) {
      before(current).forEach(node => found.add(node));
    }
  }
  found.delete(task);
  return [...found].filter(node => is(node, 'bpmn:UserTask')).map(titled);
}

function before(node) {
  const seen = new Set();
  const waiting = [node];
  while (waiting.length) {
    const current = waiting.pop();
    const sources = (current.incoming ?? []).map(flow => flow.sourceRef);
    for (const source of [...sources, current.attachedToRef, ...linkedTo(current)].filter(Boolean)) {
      if (!seen.has(source)) {
        seen.add(source);
        waiting.push(source);
      }
    }
  }
  return seen;
}

const linkName = node => node.eventDefinitions?.find(each => is(each, 'bpmn:LinkEventDefinition'))?.name;

function linkedTo(node) {
  const name = is(node, 'bpmn:IntermediateCatchEvent') && linkName(node);
  const around = node.$parent?.flowElements ?? [];
  return name ? around.filter(each => is(each, 'bpmn:IntermediateThrowEvent') && linkName(each) === name) : [];
}
