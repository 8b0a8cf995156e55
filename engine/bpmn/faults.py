"""Every reason for which a diagram is refused, in English and in Chinese, by a code that never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.errors import BihuanError, Fault

# code: (English, Chinese)
REASONS: dict[str, tuple[str, str]] = {
    "too-large": (
        "The file has {size} bytes; at most {limit} are accepted.",
        "文件大小为 {size} 字节，最多允许 {limit} 字节。",
    ),
    "doctype-refused": ("A DOCTYPE is not accepted.", "不允许包含 DOCTYPE 声明。"),
    "xml-malformed": ("The file is not well-formed XML: {problem}", "文件不是格式良好的 XML：{problem}"),
    "too-many-elements": (
        "The file has more than {limit} elements.",
        "文件中的元素超过 {limit} 个。",
    ),
    "too-deep": ("Elements are nested more than {limit} deep.", "元素嵌套超过 {limit} 层。"),
    "too-slow": ("Reading the diagram took longer than {limit} seconds.", "读取流程图超过 {limit} 秒。"),
    "not-bpmn": (
        "The root element is {tag}, not BPMN 2.0 definitions.",
        "根元素是 {tag}，不是 BPMN 2.0 的 definitions。",
    ),
    "no-process": ("The file holds no process with flow nodes.", "文件中没有包含流程节点的流程。"),
    "duplicate-id": ("The id {id} is used more than once.", "编号 {id} 重复使用。"),
    "element-unsupported": (
        "A {type} cannot be executed; use another element.",
        "不支持执行{type}，请换用其他元素。",
    ),
    "definition-unsupported": (
        "A {type} of kind {kind} has no meaning here.",
        "{type}不能使用{kind}类型的事件定义。",
    ),
    "several-definitions": (
        "The event has {count} event definitions; split it into one event for each.",
        "该事件有 {count} 个事件定义，请拆成每个定义一个事件。",
    ),
    "parallel-definitions": (
        "The event would wait until all of its {count} definitions have happened; draw an event for each, behind a "
        "parallel gateway.",
        "该事件要等 {count} 个事件定义全部发生，请改为并行网关之后每个定义一个事件。",
    ),
    "catch-twice": (
        "{ref} already catches {what} here: it could not be said which of the two goes on.",
        "此处 {ref} 已经捕获 {what}，无法确定由哪一个继续。",
    ),
    "stands-twice": (
        "{what} stands here more than once: only one of them would count.",
        "此处有多个 {what}，只有一个会生效，请合并或删除。",
    ),
    "change-invalid": (
        "{text} is not a change of variables: create, update or both.",
        "{text} 不是有效的变量变化，只能是 create、update 或两者。",
    ),
    "form-choice": (
        "A form needs exactly one of form id and external reference.",
        "表单必须且只能填写表单编号、外部引用之一。",
    ),
    "form-binding": (
        "A form elsewhere has no versions here: it cannot be bound to {text}.",
        "外部表单在此没有版本，不能设置绑定方式 {text}。",
    ),
    "resource-incomplete": (
        "A linked resource needs an id, a type and a link name.",
        "关联资源必须填写资源编号、资源类型和关联名称。",
    ),
    "form-empty": ("The embedded form {id} has no content.", "内嵌表单 {id} 没有内容。"),
    "start-name": (
        "The name of the {kind} that starts a case is found when the diagram is put in force, without any data; {text} "
        "gives no text then.",
        "启动案件的{kind}名称在部署时求值，此时没有任何数据，{text} 得不到文字。",
    ),
    "listener-unsupported": (
        "A {event} listener of a {type} cannot be called: {problem}.",
        "{type} 的 {event} 监听器无法调用：{problem}。",
    ),
    "listener-twice": (
        "The {event} listener {type} stands here twice.",
        "{event} 监听器 {type} 重复。",
    ),
    "definition-missing": ("A {type} needs an event definition.", "{type}缺少事件定义。"),
    "flow-end-missing": (
        "The flow's {end} {ref} does not exist or is no flow node.",
        "顺序流的{end}端 {ref} 不存在，或不是流程节点。",
    ),
    "flow-crosses-scope": (
        "The flow leads from one subprocess into another; flows stay inside their subprocess.",
        "顺序流跨越了子流程边界，顺序流只能在同一子流程内部。",
    ),
    "reference-missing": (
        "The {kind} {ref} is not defined in this file.",
        "文件中没有定义编号为 {ref} 的{kind}。",
    ),
    "name-missing": ("The {kind} has no name.", "{kind}没有名称。"),
    "message-missing": ("A message must be chosen.", "必须选择消息。"),
    "signal-missing": ("A signal must be chosen.", "必须选择信号。"),
    "correlation-missing": (
        "The message {message} needs a correlation key: without one no case can be found for it.",
        "消息 {message} 缺少关联键，无法确定由哪个案件接收。",
    ),
    "timer-missing": (
        "The timer needs exactly one of date, duration and cycle.",
        "定时器必须且只能填写日期、时长、循环之一。",
    ),
    "timer-invalid": ("{text} is not a valid {kind}: {problem}", "{text} 不是有效的{kind}：{problem}"),
    "condition-missing": ("A condition must be given.", "必须填写条件。"),
    "condition-static": (
        "The condition {text} must be FEEL: write = before it.",
        "条件 {text} 必须是 FEEL 表达式，请在前面加上 =。",
    ),
    "flow-condition-missing": (
        "The flow {flow} leaves the gateway without condition and is not its default.",
        "顺序流 {flow} 从网关流出，既没有条件，也不是默认流。",
    ),
    "default-conditional": ("The default flow {flow} has a condition.", "默认流 {flow} 不应带条件。"),
    "default-missing": ("The default flow {flow} does not leave this element.", "默认流 {flow} 不是从该元素流出的。"),
    "expression-invalid": (
        "In {place}: {problem}",
        "{place}有误：{problem}",
    ),
    "expression-required": ("{place} must be FEEL: write = before it.", "{place}必须是 FEEL 表达式，请在前面加上 =。"),
    "expression-foreign": (
        "{place}: {text} cannot be translated to FEEL: {problem}",
        "{place}：{text} 无法转换为 FEEL：{problem}",
    ),
    "service-type-missing": ("A service must be chosen.", "必须选择服务。"),
    "script-missing": ("A script needs a FEEL expression.", "脚本任务必须填写 FEEL 表达式。"),
    "result-missing": ("A result variable must be named.", "必须填写结果变量。"),
    "decision-missing": ("A decision must be chosen.", "必须选择决策。"),
    "called-missing": ("A process to call must be chosen.", "必须选择要调用的流程。"),
    "tag-missing": ("Bound to a version tag, but the tag is not given.", "按版本标签绑定，但没有填写标签。"),
    "catch-code": (
        "What is caught has a code that is known beforehand, not the expression {text}.",
        "捕获的代码必须是固定的，不能是表达式 {text}。",
    ),
    "binding-invalid": ("The binding {text} is not latest, deployment or versionTag.", "绑定方式 {text} 无效。"),
    "boundary-detached": (
        "The boundary event is attached to {ref}, which is no activity of its subprocess.",
        "边界事件附着的 {ref} 不是同一子流程中的活动。",
    ),
    "boundary-incoming": ("A flow leads into a boundary event.", "顺序流不能流入边界事件。"),
    "start-incoming": ("A flow leads into a start event.", "顺序流不能流入开始事件。"),
    "end-outgoing": ("A flow leaves an end event.", "顺序流不能从结束事件流出。"),
    "event-subprocess-flow": ("An event subprocess has no flows.", "事件子流程不能连接顺序流。"),
    "event-subprocess-start": (
        "An event subprocess needs exactly one start event, with an event definition.",
        "事件子流程必须有且只有一个带事件定义的开始事件。",
    ),
    "event-subprocess-loop": (
        "An event subprocess begins when its event happens: it cannot be repeated or have several instances.",
        "事件子流程由事件触发，不能设置循环或多实例。",
    ),
    "subprocess-starts": (
        "A subprocess has at most one start event, a none start event.",
        "子流程最多只能有一个空开始事件。",
    ),
    "start-kind": ("A start event of kind {kind} cannot start a process.", "{kind}类型的开始事件不能启动流程。"),
    "no-entry": (
        "There is nothing to start with: every node has an incoming flow.",
        "没有可以开始的节点：每个节点都有流入的顺序流。",
    ),
    "scope-empty": ("Nothing stands in this subprocess.", "子流程中没有任何节点。"),
    "event-gateway-target": (
        "{ref} cannot follow an event-based gateway; only catch events and receive tasks can.",
        "{ref} 不能跟在事件网关之后，只能是捕获事件或接收任务。",
    ),
    "event-gateway-narrow": ("An event-based gateway needs at least one flow.", "事件网关至少需要一条流出的顺序流。"),
    "event-gateway-shared": (
        "{ref} follows an event-based gateway, so no other flow may lead to it.",
        "{ref} 跟在事件网关之后，不能再有其他流入的顺序流。",
    ),
    "link-missing": ("No link catch event is named {link}.", "没有名为 {link} 的链接捕获事件。"),
    "link-duplicate": ("Several link catch events are named {link}.", "有多个名为 {link} 的链接捕获事件。"),
    "link-flow": ("A link event cannot have this flow.", "链接事件不能连接这条顺序流。"),
    "loop-missing": (
        "Multi-instance needs a collection or a number.",
        "多实例必须填写集合或数量。",
    ),
    "loop-output": (
        "The output collection and the output element must be given together.",
        "输出集合与输出元素必须同时填写。",
    ),
    "loop-condition": ("A loop needs a condition or a maximum.", "循环必须填写条件或最大次数。"),
    "handler-missing": (
        "The compensation event needs an association to its handler.",
        "补偿边界事件必须用关联线连接到补偿处理活动。",
    ),
    "handler-invalid": ("{ref} cannot be a compensation handler.", "{ref} 不能作为补偿处理活动。"),
    "handler-flow": ("A flow leads to or from a compensation handler.", "补偿处理活动不能连接顺序流。"),
    "compensation-flow": ("A flow leaves a compensation boundary event.", "补偿边界事件不能有流出的顺序流。"),
    "compensation-target": (
        "{ref} cannot be compensated from here.",
        "无法从此处补偿 {ref}。",
    ),
    "compensation-nothing": (
        "{ref} has no handler that could undo it.",
        "{ref} 没有补偿处理活动，无法补偿。",
    ),
    "compensation-process": (
        "A whole process is never undone: this event subprocess belongs into a subprocess.",
        "流程整体不会被补偿，补偿事件子流程必须放在子流程中。",
    ),
    "cancel-outside": ("A cancel event belongs to a transaction.", "取消事件只能用于事务子流程。"),
    "non-interrupting": ("An event of kind {kind} always interrupts.", "{kind}类型的事件必须是中断的。"),
    "mapping-target": (
        "{text} is not a variable name: it has letters, digits and _, no spaces, and does not begin with a digit.",
        "{text} 不是有效的变量名，变量名只能由文字、数字和下划线组成，不能含空格，也不能以数字开头。",
    ),
    "mapping-source": ("The mapping to {text} has no source.", "写入 {text} 的映射缺少来源。"),
    "ad-hoc-event": ("A {type} cannot stand in an ad-hoc subprocess.", "临时子流程中不能有{type}。"),
    "ad-hoc-empty": (
        "An ad-hoc subprocess needs an activity without incoming flow.",
        "临时子流程中至少要有一个没有流入顺序流的活动。",
    ),
    "ad-hoc-decided": (
        "A service decides what begins here and when it is enough: {what} cannot be given beside it.",
        "此处由服务决定启动哪些活动、何时完成，不能同时填写 {what}。",
    ),
    "data-store": (
        "Something is computed on the way to or from the data store {ref}; data stores are only drawn here. Write an "
        "input or output mapping.",
        "此处与数据存储 {ref} 之间带有计算，但数据存储在这里只是图示，请改用输入映射或输出映射。",
    ),
    "number-invalid": (
        "{place}: {text} is not a number from {low} to {high}.",
        "{place}：{text} 不是 {low} 到 {high} 之间的数。",
    ),
    "list-invalid": ("{place}: the list {text} has an empty member.", "{place}：列表 {text} 中有空项。"),
    "element-lost": (
        "This {type} was not understood and would be lost.",
        "未能识别这个{type}，部署后会丢失。",
    ),
}


@dataclass(frozen=True, slots=True)
class DiagramFault(Fault):
    """One fault of a diagram; `details` fill the Chinese text as they filled the English one."""

    details: Mapping[str, object] = field(default_factory=dict, hash=False)

    @property
    def chinese(self) -> str:
        """This will return the reason for officials."""
        return REASONS[self.code or "element-lost"][1].format_map(
            _Shown({name: _chinese(value) for name, value in self.details.items()})
        )


class _Shown(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"


def _chinese(value: object) -> object:
    return (value.text("zh") or value.message) if isinstance(value, BihuanError) else TERMS.get(value, value)


# What the details of a fault name, for the Chinese texts.
TERMS: dict[object, str] = {
    "source": "起",
    "target": "终",
    "message": "消息",
    "signal": "信号",
    "error": "错误",
    "escalation": "升级",
    "every error": "所有错误",
    "every escalation": "所有升级",
    "timer": "定时器",
    "date": "日期",
    "duration": "时长",
    "cycle": "循环周期",
    "conditional": "条件",
    "compensation": "补偿",
    "cancel": "取消",
    "terminate": "终止",
    "link": "链接",
    "condition": "条件",
    "loop condition": "循环条件",
    "completion condition": "完成条件",
    "input": "输入映射",
    "output": "输出映射",
    "script": "脚本",
    "assignee": "办理人",
    "groups": "候选组",
    "users": "候选人",
    "unit": "办理单位",
    "due date": "到期时间",
    "follow-up date": "提醒时间",
    "priority": "优先级",
    "form": "表单",
    "service": "服务",
    "listener": "监听器",
    "retries": "重试次数",
    "decision": "决策",
    "called process": "被调用流程",
    "message name": "消息名称",
    "signal name": "信号名称",
    "error code": "错误代码",
    "escalation code": "升级代码",
    "correlation key": "关联键",
    "input collection": "输入集合",
    "output element": "输出元素",
    "loop cardinality": "实例数量",
    "loop maximum": "最大循环次数",
    "active elements": "初始活动",
    "variable names": "变量名",
    "skip condition": "跳过条件",
    "version tag": "版本标签",
    "effective day": "适用日期",
    "event definition": "事件定义",
    "startEvent": "开始事件",
    "endEvent": "结束事件",
    "boundaryEvent": "边界事件",
    "intermediateCatchEvent": "中间捕获事件",
    "intermediateThrowEvent": "中间抛出事件",
    "implicitThrowEvent": "隐式抛出事件",
    "complexGateway": "复杂网关",
    "callChoreography": "调用编排",
    "choreographyTask": "编排任务",
    "subChoreography": "子编排",
    "sequenceFlow": "顺序流",
    "eventDefinition": "事件定义",
    "complexBehaviorDefinition": "多实例的复杂行为",
    "receiveTask (instantiate)": "启动流程的接收任务",
    "eventBasedGateway (instantiate)": "启动流程的事件网关",
    "eventBasedGateway (parallel)": "并行事件网关",
    # Why a listener cannot be called (engine/bpmn/listeners.py).
    "a process can be listened to when it starts and when it ends": "流程只能在开始时和结束时监听",
    "the process has no start event": "流程没有开始事件",
    "of a task it is told that it opens, is assigned, updated, completed or canceled": (
        "任务只能在生成、分配、变更、办结和取消时监听"
    ),
    "only services are told of this; a variable can be written when the task opens and when it is done": (
        "此时只能调用服务；变量只能在任务生成时和办结时写入"
    ),
    "an element can be listened to when it starts and when it ends": "元素只能在开始时和结束时监听",
    "it only says which activity undoes another": "它只说明由哪个活动补偿",
    "it begins with what has already happened": "它开始时事情已经发生",
    "a gateway does nothing that could end": "网关没有可以结束的工作",
    "nothing comes after it": "在它之后没有后续",
    "it is no user task": "它不是用户任务",
}


def fault(
    code: str, element: str | None = None, name: str | None = None, line: int | None = None, /, **details: object
) -> DiagramFault:
    """This will make the fault `code` at `element`."""
    reason = REASONS[code][0].format_map(_Shown(details))
    name = " ".join((name or "").split())  # tools break the lines of names; a fault is told in one
    return DiagramFault(reason=reason, element=element, name=name or None, line=line, code=code, details=details)
