// What a designer may say of an element beyond BPMN and Zeebe: groups of fields, each with its label and one line of help.
// kind: choice (fixed values, the first is meant when nothing is said), named (a picker fed by the server), text, number,
// feel (literal, or FEEL after =), expression (FEEL only), ticks (several), returns.
// isPlain: the engine reads a zeebe property of that name without the prefix, too.
import {is} from 'bpmn-js/lib/util/ModelUtil';
import {words} from '../page/language.js';
import {objectOf} from './attributes.js';

export function groupsOf(element) {
  const found = is(element, 'bpmn:UserTask') ? [handling(), limits(), rules(), returns(), copies()] : [{...others(element)}];
  return found.filter(group => group.fields.length);
}

const handling = () => ({
  id: 'handling', label: words('办理设置', 'Handling'), shouldOpen: true,
  fields: [
    {kind: 'form', name: 'form', label: words('表单', 'Form'), help: words('办理时填写的表单', 'What is filled in')},
    {kind: 'roles', name: 'candidateGroups', label: words('岗位', 'Roles'), help: words('任务进入这些岗位的队列；要按表达式决定，请在「分配」中填写', 'Whose queue it enters; an expression is written in “Assignment”')},
    {kind: 'feel', name: 'unit', label: words('承办单位', 'Unit'), help: words('岗位所在单位的编码；以 = 开头为表达式，如 =企业编码', 'Code of the unit of the queue; an expression begins with =')},
    {kind: 'text', name: 'outcome', isPlain: true, label: words('结论变量', 'Variable of the outcome'), help: words('所按按钮的结论存入这个变量，如 定级结论', 'Keeps which button was pressed')},
  ],
});

const limits = () => ({
  id: 'bihuan-limits', label: words('时限', 'Limits'),
  fields: [
    {kind: 'named', name: 'limit', from: 'limits', isPlain: true, label: words('时限规则', 'Limit'), none: words('不计时限', 'none'), help: words('任务生成时按这条规则起算；案件时限则显示在任务上', 'Runs from when the task opens; a limit of the case is shown at it'), link: 'limits_url'},
    {kind: 'number', name: 'urgePause', isPlain: true, most: 100000, label: words('催办间隔（分钟）', 'Minutes between urges'), help: words('同一任务两次催办至少相隔多久，不填为 10', 'Between two urges of a task; 10 without it')},
    {kind: 'number', name: 'urgeMost', isPlain: true, most: 1000, label: words('催办次数上限', 'Most urges'), help: words('同一人对同一任务最多催办几次，不填为 3', 'By one person for one task; 3 without it')},
  ],
});

const rules = () => ({
  id: 'bihuan-rules', label: words('办理规则', 'Who does it'),
  fields: [
    {kind: 'ticks', name: 'fourEyes', from: 'others', isPlain: true, label: words('回避环节', 'Not by the same person as'), help: words('办过所选环节的人不能办理本环节', 'Who did one of these must not do this')},
    {kind: 'choice', name: 'dispatch', isPlain: true, label: words('分派方式', 'Dispatch'), help: words('任务生成后由谁办理；外出的人跳过', 'Who gets it; those who are away are passed over'), values: [
      ['queue', words('进入岗位队列，由人签收', 'The queue; somebody claims it')], ['rotate', words('轮流分给岗位成员', 'Members in turn')], ['least', words('分给待办最少的人', 'Who has the fewest tasks')]]},
    {kind: 'choice', name: 'whenEmpty', isPlain: true, label: words('岗位无人时', 'Nobody holds the role'), help: words('本单位及上级单位都没有人担任此岗位时', 'Neither here nor above'), values: [
      ['incident', words('记为运行异常', 'An incident')], ['up', words('交上级单位的人办理', 'Whoever works in the unit above')], ['operator', words('交运维人员办理', 'The operators')], ['skip', words('跳过本环节', 'Skip it')]]},
    {kind: 'choice', name: 'whenOwn', isPlain: true, label: words('只有发起人能办时', 'Only who started it could do it'), help: words('发起人自己是唯一能办理的人时', 'No one else holds the role'), values: [
      ['allow', words('允许发起人办理', 'Allow')], ['refuse', words('不许发起人办理', 'Refuse')], ['skip', words('跳过本环节', 'Skip it')], ['up', words('交上级单位办理', 'The unit above')]]},
    {kind: 'choice', name: 'whenAgain', isPlain: true, label: words('上一环节同一人时', 'Who did the step before'), help: words('上一环节或同岗位前一环节的办理人又轮到本环节时', 'Would do this one as well'), values: [
      ['ask', words('照常办理', 'Ask as usual')], ['skip', words('跳过本环节', 'Skip it')]]},
    {kind: 'outcomes', name: 'skipOutcome', isPlain: true, label: words('跳过时的结论', 'Outcome when skipped'), help: words('规则跳过本环节时写入的结论；表单有按钮时必须选', 'Written when a rule skips the task; needed when its form has buttons')},
    skipping(),
  ],
});

const skipping = () => ({kind: 'expression', name: 'skip', label: words('跳过条件', 'Skip when'), help: words('表达式为真时不办本环节，直接往下走', 'True: the step is passed by')});

const returns = () => ({
  id: 'bihuan-returns', label: words('退回与转办', 'Return and transfer'),
  fields: [
    {kind: 'returns', name: 'returnTo', isPlain: true, label: words('可退回到', 'May be returned to'), help: words('办理人可以把案件退回到哪些已办环节', 'Earlier steps that can be done again')},
    {kind: 'choice', name: 'returnOthers', isPlain: true, label: words('退回时其他分支', 'Other branches on return'), help: words('并行分支上正在办的任务怎么处理', 'Tasks open in parallel branches'), values: [
      ['withdraw', words('一并收回', 'Withdraw them')], ['keep', words('继续办理', 'Let them go on')]]},
    {kind: 'choice', name: 'returnCaller', isPlain: true, label: words('退回到调用它的流程', 'Return to the calling process'), help: words('本流程被其他流程调用时，能否退回到调用之前的环节；退回后本次调用作废', 'When another process calls this one: may it go back to steps before the call, which is then called off'), values: [
      ['none', words('不允许', 'Not allowed')], ['allow', words('允许', 'Allowed')]]},
    {kind: 'choice', name: 'transfer', isPlain: true, label: words('转办', 'Transfer'), help: words('办理人能否把任务转给别人', 'May it be given to somebody else for good'), values: [
      ['allow', words('允许', 'Allowed')], ['none', words('不允许', 'Not allowed')]]},
  ],
});

const copies = () => ({
  id: 'bihuan-copies', label: words('抄送', 'Copies'),
  fields: [{kind: 'feel', name: 'cc', isPlain: true, label: words('抄送给', 'Copies to'), help: words('办结后谁收到阅件：登录名或 岗位@单位编码，用逗号分开；或以 = 开头的表达式', 'Logins or role@unit code, by comma; or FEEL after =')}],
});

function others(element) {
  const object = objectOf(element);
  const fields = KINDS.filter(([type, , fits = () => true]) => object && is(object, type) && fits(object)).map(([, field]) => field());
  return {id: 'handling', label: words('办理设置', 'Handling'), shouldOpen: true, fields};
}

const isMessage = object => object.eventDefinitions?.some(each => is(each, 'bpmn:MessageEventDefinition'));
const isTermination = object => object.eventDefinitions?.some(each => is(each, 'bpmn:TerminateEventDefinition'));
const isNone = object => !object.eventDefinitions?.length && is(object.$parent, 'bpmn:Process');
const callsDecision = object => object.extensionElements?.values?.some(each => is(each, 'zeebe:CalledDecision'));

const lifetime = () => ({
  kind: 'text', name: 'timeToLive', isPlain: true, label: words('消息保留', 'Time to live'), pattern: /^(\d+|P(?=\w)(\d+D)?(T(?=\w)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)$/,
  wrong: words('填秒数，或 P1D、PT2H 这样的时长', 'Seconds, or a duration such as P1D'),
  help: words('还没有案件等这条消息时保留多久：秒数或时长，如 P1D；不填则不保留', 'How long it waits for a case: seconds or a duration; not at all without it'),
});

const KINDS = [
  ['bpmn:Process', () => ({kind: 'choice', name: 'uncaughtErrors', label: words('没有捕获的错误', 'Errors that nobody catches'), help: words('错误事件没有边界事件接住时', 'No boundary event takes an error'), values: [
    ['incident', words('记为运行异常', 'An incident')], ['end', words('只结束那一支', 'End that path only')]]})],
  ['bpmn:StartEvent', () => ({kind: 'form', name: 'form', label: words('表单', 'Form'), help: words('发起案件时填写的表单', 'What is filled in to start a case')}), isNone],
  ['bpmn:StartEvent', () => ({kind: 'text', name: 'initiator', label: words('发起人变量', 'Variable of the initiator'), help: words('发起人的登录名另存入这个变量', 'Keeps the login of who started the case, too')}), isNone],
  ['bpmn:ServiceTask', () => ({kind: 'named', name: 'service', from: 'services', type: 'zeebe:TaskDefinition', attribute: 'type', label: words('服务', 'Service'), none: words('请选择', 'choose'), help: words('应用登记的服务；表达式请在「服务」组中填写', 'Registered by the app; an expression is written in its group')})],
  ['bpmn:BusinessRuleTask', () => ({kind: 'named', name: 'decision', from: 'decisions', type: 'zeebe:CalledDecision', attribute: 'decisionId', label: words('决策表', 'Decision'), none: words('请选择', 'choose'), help: words('由这张决策表判定；结果变量在「决策表」组中填写', 'Which table decides; its result variable stands in its group')}), callsDecision],
  ['bpmn:BusinessRuleTask', () => ({kind: 'feel', name: 'effectiveOn', label: words('适用日期', 'In force on'), help: words('按这一天有效的版本判定，如 =检查日期；不填为当天', 'The version in force on this day decides; today without it')})],
  ['bpmn:CallActivity', () => ({kind: 'named', name: 'process', from: 'processes', type: 'zeebe:CalledElement', attribute: 'processId', label: words('调用的流程', 'Called process'), none: words('请选择', 'choose'), help: words('已发布的流程，办完后回到本流程', 'A deployed process')})],
  ['bpmn:SendTask', lifetime],
  ['bpmn:ThrowEvent', lifetime, isMessage],
  ['bpmn:EndEvent', () => ({kind: 'choice', name: 'terminates', label: words('终止范围', 'What it ends'), help: words('到达这里时结束哪一层', 'Reaching it ends'), values: [
    ['', words('所在的流程或子流程', 'The process or sub-process around it')], ['case', words('整个案件', 'The whole case')], ['multiInstance', words('所在的多实例活动', 'The multi-instance activity around it')]]}), isTermination],
  ['bpmn:Activity', skipping],
];
