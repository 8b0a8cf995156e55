"""What Camunda 7, Flowable and Activiti write into models, where the rules of the import read it, and why not."""

from __future__ import annotations

from engine.bpmn.process import ACTIVITIES, FLOW_NODES

_NODES = " ".join(sorted(FLOW_NODES))
_WORK = " ".join(sorted(ACTIVITIES))
_SERVICES = "serviceTask sendTask messageEventDefinition"
_FORMED = "userTask startEvent"
_LISTENED = f"{_NODES} sequenceFlow process"


def _places(table: dict[str, str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for places, names in table.items():
        for name in names.split():
            found.setdefault(name, set()).update(places.split())
    return {name: frozenset(places) for name, places in found.items()}


# Attributes that a rule reads, and where: one that stands elsewhere is kept as a property and told.
ATTRIBUTES = _places(
    {
        "userTask": "assignee candidateGroups candidateUsers dueDate followUpDate owner priority",
        _FORMED: "formKey formRef formRefBinding formRefVersion",
        f"{_SERVICES} businessRuleTask": "class delegateExpression expression type topic resultVariable "
        "resultVariableName",
        "scriptTask": "resultVariable resource",
        "businessRuleTask": "decisionRef decisionRefBinding decisionRefVersion decisionRefVersionTag mapDecisionResult",
        "multiInstanceLoopCharacteristics": "collection elementVariable elementIndexVariable",
        "callActivity": "calledElementBinding calledElementVersion calledElementVersionTag calledElementType caseRef "
        "sameDeployment inheritVariables variableMappingClass variableMappingDelegateExpression businessKey "
        "inheritBusinessKey",
        "errorEventDefinition": "errorCodeVariable errorMessageVariable",
        "escalationEventDefinition": "escalationCodeVariable",
        "conditionalEventDefinition": "variableName variableEvents",
        "process": "versionTag candidateStarterGroups candidateStarterUsers",
        "messageEventDefinition": "messageExpression",
        "signalEventDefinition": "signalExpression",
        "signal": "scope",
        "terminateEventDefinition": "terminateAll terminateMultiInstance",
        "timeCycle": "endDate",
        "startEvent": "initiator",
        f"{_WORK} sequenceFlow": "skipExpression",
        f"{_NODES} process messageEventDefinition": "taskPriority jobPriority",
    }
)
# The same of elements among the extensions.
ELEMENTS = _places(
    {
        "userTask": "taskListener",
        _FORMED: "formData formProperty",
        f"{_SERVICES} businessRuleTask": "field",
        "serviceTask sendTask businessRuleTask": "connector",
        "serviceTask": "externalWorkerInParameter externalWorkerOutParameter eventInParameter triggerEventType",
        "sendTask": "externalWorkerInParameter externalWorkerOutParameter",
        "multiInstanceLoopCharacteristics": "variableAggregation collection failedJobRetryTimeCycle",
        "callActivity": "in out",
        "signalEventDefinition": "in",
        "dataObject": "value",
        f"{_NODES} messageEventDefinition": "inputOutput",
        _NODES: "failedJobRetryTimeCycle eventType",
        _LISTENED: "executionListener",
        _WORK: "mapException",
        "startEvent boundaryEvent intermediateCatchEvent receiveTask": "eventCorrelationParameter eventOutParameter",
    }
)
# What says how jobs are cut in the old engines; here every wait is saved.
OF_JOBS = frozenset({"async", "asyncBefore", "asyncAfter", "asyncLeave", "exclusive"})
# What the old engines themselves read, and no rule here: anything else comes from a designer of one's own.
_UNREAD = """
    autoStoreVariables businessCalendarName calledElementTenantId caseBinding caseTenantId caseVersion category
    completeAsync createOverviewVariable decisionRefTenantId diagramRelationId doNotIncludeVariables errorMessage
    errorVariableLocalScope errorVariableName errorVariableTransient fallbackToDefaultTenant formFieldValidation
    formHandlerClass historyTimeToLive idVariableName includeInHistory interrupting isEagerExecutionFetching
    isStartableInTasklist maxCount mappedVariables noWaitStatesAsyncLeave operationRef processInstanceName resource
    ruleVariablesInput rules scope storeResultVariableAsTransient taskCompleterVariableName taskIdVariableName
    tenantId triggerable useLocalScopeForOutParameters useLocalScopeForResultVariable validateFormFields
    customResource errorEventDefinition eventListener localization potentialStarter systemChannel
    timerEventDefinition eventInParameter eventOutParameter eventCorrelationParameter triggerEventType
"""
KNOWN = frozenset({*ATTRIBUTES, *ELEMENTS, *_UNREAD.split()})
NOTHING = "nothing here does the same"
OWN = "no engine reads it, only programs of your own"
# Why something is not done, where more is to be said than that.
REASONS = {
    "businessCalendarName": "working days are counted by the FEEL function add days",
    "formFieldValidation": "every form is checked",
    "historyTimeToLive": "how long ended cases stay is a matter of the rules of retention",
    "isStartableInTasklist": "who may start is a matter of rights",
    "triggerable": "the case goes on when the service is done: draw a receive task behind it",
    "validateFormFields": "every form is checked",
}
# Without these a case does something else.
CHANGING = frozenset({"businessCalendarName", "errorVariableName", "skipExpression", "triggerable"})


def why_not(name: str) -> str:
    """This will return why nothing is done with what is called `name`."""
    return REASONS.get(name, NOTHING if name in KNOWN else OWN)
