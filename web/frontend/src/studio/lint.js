// Rules that are checked while drawing, in our own words; the server's check at deployment decides.
import {words} from '../page/language.js';

const KINDS = {
  StartEvent: () => words('开始事件', 'start event'),
  UserTask: () => words('用户任务', 'user task'),
};

const isA = (node, ...types) => types.some(type => node.$instanceOf?.(`bpmn:${type}`));
const extension = (node, type) => node.extensionElements?.values?.find(each => each.$type === `zeebe:${type}`);
const nodesOf = (container, ...types) => (container.flowElements ?? []).filter(each => isA(each, ...types));

const processOf = node => (isA(node, 'Process') || !node.$parent ? node : processOf(node.$parent));
const processesBeside = process => (process.$parent?.rootElements ?? []).filter(each => isA(each, 'Process') && each !== process);

// a pool that is not executable stands beside one that is, to show with whom it talks: what is wrong in it is no fault
const isOnlyDrawn = node => {
  const process = processOf(node);
  return process.isExecutable === false
    && processesBeside(process).some(each => each.isExecutable === true && each.flowElements?.length);
};

// one rule: the types it looks at, and a function that returns the words of a fault or nothing
const rule = (types, fault) => () => ({
  check(node, reporter) {
    const text = isA(node, ...types) && (fault.isOfDrawings || !isOnlyDrawn(node)) && fault(node);
    if (text) {
      reporter.report(node.id, text);
    }
  },
});

const onlyDrawn = node => isOnlyDrawn(node) && words('没有标为「可执行」：画得完整才会随同发布，否则只作图示。', 'Not marked executable: what is incomplete in it is only drawn.');
onlyDrawn.isOfDrawings = true;

const rules = {
  'task-name': rule(['UserTask'], node => !node.name?.trim() && words('任务没有名称，待办中将无法辨认。', 'The task has no name.')),
  'task-queue': rule(['UserTask'], node => {
    const given = extension(node, 'AssignmentDefinition');
    return !(given?.assignee || given?.candidateGroups || given?.candidateUsers)
      && words('没有指定由谁办理：请在「分配」中填写候选组(岗位)或受理人。', 'Nobody is assigned: name candidate groups or an assignee.');
  }),
  'one-start': rule(['Process'], node => node.flowElements?.length > 0 && !nodesOf(node, 'StartEvent').length
    && words(`流程没有${KINDS.StartEvent()}。`, 'The process has no start event.')),
  'has-end': rule(['Process', 'SubProcess'], node => node.flowElements?.length > 0 && !nodesOf(node, 'EndEvent').length
    && !isA(node, 'AdHocSubProcess') && words('没有结束事件，办到最后无法闭环。', 'There is no end event.')),
  'executable': rule(['Process'], onlyDrawn),
  'connected-in': rule(['FlowNode'], node => !node.incoming?.length && !isA(node, 'StartEvent', 'BoundaryEvent')
    && !node.triggeredByEvent && !node.isForCompensation && !isA(node.$parent, 'AdHocSubProcess')
    && words('没有流入的连线，永远不会办到这里。', 'Nothing leads here.')),
  'connected-out': rule(['FlowNode'], node => !node.outgoing?.length && !isA(node, 'EndEvent')
    && !node.triggeredByEvent && !node.isForCompensation && !isA(node.$parent, 'AdHocSubProcess')
    && !node.eventDefinitions?.some(each => isA(each, 'LinkEventDefinition', 'CompensateEventDefinition'))
    && words('没有流出的连线，案件会停在这里。', 'Nothing leads on from here.')),
  'gateway-default': rule(['ExclusiveGateway', 'InclusiveGateway'], node => node.outgoing?.length > 1 && !node.default
    && node.outgoing.every(flow => flow.conditionExpression)
    && words('没有默认分支：所有条件都不成立时案件会停住。', 'There is no default flow.')),
  'flow-condition': rule(['SequenceFlow'], flow => isA(flow.sourceRef, 'ExclusiveGateway', 'InclusiveGateway')
    && flow.sourceRef.outgoing?.length > 1 && flow.sourceRef.default !== flow && !flow.conditionExpression?.body?.trim()
    && words('这条分支没有条件，也不是默认分支。', 'This flow has neither a condition nor is it the default.')),
  'service-type': rule(['ServiceTask', 'SendTask'], node => !extension(node, 'TaskDefinition')?.type
    && words('没有指定要调用的服务。', 'No service is named.')),
  'script': rule(['ScriptTask'], node => !extension(node, 'Script')?.expression && !extension(node, 'TaskDefinition')?.type
    && words('脚本任务没有表达式。', 'The script task has no expression.')),
  'decision': rule(['BusinessRuleTask'], node => !extension(node, 'CalledDecision')?.decisionId && !extension(node, 'TaskDefinition')?.type
    && words('没有指定决策表。', 'No decision is named.')),
  'called-process': rule(['CallActivity'], node => !extension(node, 'CalledElement')?.processId
    && words('没有指定被调用的流程。', 'No called process is named.')),
  'timer': rule(['Event'], node => node.eventDefinitions?.some(each => isA(each, 'TimerEventDefinition')
    && !(each.timeDate?.body || each.timeDuration?.body || each.timeCycle?.body))
    && words('定时事件没有填写时间。', 'The timer has no time.')),
  'message': rule(['FlowNode'], node => [node, ...(node.eventDefinitions ?? [])].some(each => isA(each, 'ReceiveTask', 'MessageEventDefinition') && !each.messageRef)
    && !isA(node, 'SendTask') && words('没有指定消息。', 'No message is named.')),
};

const WARNINGS = new Set(['executable', 'gateway-default', 'has-end']);

export const lintConfig = {
  config: {
    rules: Object.fromEntries(Object.keys(rules).map(name => [`bihuan/${name}`, WARNINGS.has(name) ? 'warn' : 'error'])),
  },
  resolver: {
    resolveRule: (plugin, name) => rules[name],
    resolveConfig: () => ({}),
  },
};
