"""What each kind of node does when a token begins there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from engine import feel
from engine.bpmn import compensation, throwing, timers, usertasks
from engine.bpmn.host import ServiceError, answered
from engine.bpmn.mappings import apply_inputs
from engine.bpmn.moving import open_scope
from engine.bpmn.outcome import MessageSent, ServiceCalled
from engine.bpmn.process import Call, EventDefinition, Value
from engine.bpmn.run import Run, Stuck, operation
from engine.bpmn.tokens import Token
from engine.bpmn.variables import context, put
from engine.bpmn.waiting import await_event, await_plainly, key_of, name_of
from engine.errors import BihuanError

MOST = 2**31 - 1  # Camunda 8: priorities and retries are 32-bit integers


def _pass(run: Run, token: Token) -> None:
    run.push(("complete", token, {}))


def _start(run: Run, token: Token) -> None:
    """Who starts a case is known as `initiator`; imported models name a variable for the login of that person."""
    name, starter = token.node.properties.get("bihuan:initiator"), context(token).get("initiator")
    login = starter.get("login") if isinstance(starter, dict) else starter
    run.push(("complete", token, {name: login} if name and name != "initiator" and starter else {}))


def _service(run: Run, token: Token) -> None:
    call = token.node.call
    if call is None:
        _pass(run, token)
        return
    call_service(run, token, call, "complete")


def call_service(run: Run, token: Token, call: Call, then: str, *rest: Any) -> None:
    """This will call the service of `call` inside the step when the host has it there, else as a job.

    Whatever goes wrong in its code stands still here for an operator; it does not undo what a person has done.
    """
    type = run.evaluate(call.target, token, "service")
    if not isinstance(type, str) or not type:
        raise run.trouble(call.target, context(token), "service", "the type is not text")
    function = run.host.service(type)
    if function is None:
        retries = 3 if call.retries is None else _number(run, token, call.retries, "retries")
        priority = 0 if call.priority is None else _number(run, token, call.priority, "priority")
        token.info["open"] = type
        node = token.node
        run.open(
            token,
            ServiceCalled(
                token=token.id,
                element=node.id,
                name=node.name,
                process_key=token.key,
                type=type,
                retries=retries,
                priority=priority,
                headers=call.headers,
                data=_seen(token),
            ),
        )
        return
    try:
        answer = answered(function(_seen(token), call.headers))
    except ServiceError as error:
        if rest and rest[0] in ("creating", "completing"):
            raise
        run.push(("throw_error", token, error.code, error.message, error.data))
        return
    except BihuanError as error:
        raise Stuck(f"The service {type} failed: {error.message}", service=type) from error
    except Exception as problem:
        kind = problem.__class__.__name__
        raise Stuck(f"The service {type} failed: {kind}: {problem}", service=type) from problem
    run.push((then, token, *rest, answer))


def _seen(token: Token) -> dict[str, Any]:
    """What a service sees; a listener sees what a person has submitted, too."""
    return {**context(token), **token.info.get("submitted", {})}


def _number(run: Run, token: Token, value: Value, what: str) -> int:
    found = feel.to_json(run.evaluate(value, token, what))
    try:
        number = int(found)
    except (TypeError, ValueError):
        raise run.trouble(value, context(token), what, "it is no number") from None
    if not -MOST - 1 <= number <= MOST:
        raise run.trouble(value, context(token), what, f"it is beyond {MOST}")
    return number


def _script(run: Run, token: Token) -> None:
    script = token.node.script
    if script is None:
        _service(run, token)
        return
    value = feel.to_json(run.evaluate(script.expression, token, "script"))
    if script.result is None:
        run.push(("complete", token, {}))
    else:
        _result(run, token, script.result, value)


def _result(run: Run, token: Token, path: str, value: Any) -> None:
    name, value = put(context(token), path, value)
    run.push(("complete", token, {name: value}))


def _rule(run: Run, token: Token) -> None:
    call = token.node.call
    if call is None or call.what != "decision":
        _service(run, token)
        return
    decision = run.evaluate(call.target, token, "decision")
    if not isinstance(decision, str):
        raise run.trouble(call.target, context(token), "decision", "the id is not text")
    day = _day(run, token, call)
    tag = call.version_tag if call.tag is None else usertasks.text(run, token, call.tag, "version tag")
    try:
        decided = run.host.decide(decision, call.binding, tag, token.key, dict(context(token)), run.now, day)
    except LookupError:
        raise Stuck(f"There is no decision {decision}.", decision=decision, binding=call.binding) from None
    except BihuanError as error:
        raise Stuck(
            f"The decision {decision} failed: {error.message}", **{**error.details, "decision": decision}
        ) from error
    run.tell("decision_made", token, **decided.log)
    _result(run, token, call.result or "result", feel.to_json(decided.value))


def _day(run: Run, token: Token, call: Call) -> date | None:
    if call.effective_on is None:
        return None
    found = run.evaluate(call.effective_on, token, "effective day")
    day = feel.parse_date(str(found)[:10]) if isinstance(found, str | feel.Date | feel.DateTime) else None
    if day is None:
        raise run.trouble(call.effective_on, context(token), "effective day", "this is not a date")
    made: date = day.to_python()
    return made


def _send(run: Run, token: Token) -> None:
    if token.node.call is not None:
        _service(run, token)
    elif token.node.event is not None:
        _send_message(run, token, token.node.event)
        run.push(("complete", token, {}))
    else:
        _pass(run, token)


def _send_message(run: Run, token: Token, event: EventDefinition) -> None:
    throwing.require_end(run)
    name, key = name_of(run, token, event), key_of(run, token, event)
    ttl = token.node.properties.get("timeToLive") or token.node.properties.get("bihuan:timeToLive") or "0"
    seconds = timers.duration(ttl).seconds if ttl.startswith("P") else float(ttl) if ttl.isdigit() else 0
    # With input mappings only the mapped variables travel; a designer who maps nothing sends nothing.
    run.sent.append(MessageSent(message=name, correlation_key=key, data=dict(token.local), time_to_live=int(seconds)))


def _receive(run: Run, token: Token) -> None:
    if token.node.event is None:
        await_plainly(run, token)
    else:
        await_event(run, token, token.node.event)


def _catch(run: Run, token: Token) -> None:
    event = token.node.event
    if event is None or event.kind == "link":
        run.push(("complete", token, {}))
    else:
        await_event(run, token, event)


def _throw(run: Run, token: Token) -> None:
    event = token.node.event
    if event is None:
        run.push(("complete", token, {}))
        return
    apply_inputs(run, token)
    _THROWS[event.kind](run, token, event)


def _throw_message(run: Run, token: Token, event: EventDefinition) -> None:
    if token.node.call is not None:
        _service(run, token)
    else:
        _send_message(run, token, event)
        run.push(("complete", token, {}))


def _throw_signal(run: Run, token: Token, event: EventDefinition) -> None:
    throwing.throw_signal(run, token, name_of(run, token, event))


def _throw_escalation(run: Run, token: Token, event: EventDefinition) -> None:
    run.push(("throw_escalation", token, _code(run, token, event), dict(token.local), True))


def _throw_error(run: Run, token: Token, event: EventDefinition) -> None:
    run.push(("throw_error", token, _code(run, token, event), "", dict(token.local)))


def _code(run: Run, token: Token, event: EventDefinition) -> str | None:
    """The code that is thrown: none when the diagram gives none, but an expression for it has to give one."""
    if event.code is None:
        return None
    found = usertasks.text(run, token, event.code, f"{event.kind} code")
    if found is None:
        raise run.trouble(event.code, context(token), f"{event.kind} code", "it is not text")
    return found


def _throw_link(run: Run, token: Token, event: EventDefinition) -> None:
    run.push(("jump", token))


@operation
def jump(run: Run, token: Token) -> None:
    """This will go on at the link catch event of the same name in the same scope."""
    event, scope = token.node.event, token.above
    link = event.name.text if event is not None and event.name is not None else ""
    target = token.process.inside(token.node.scope).links.get(link)
    if target is None:
        raise Stuck(f"No link catch event is named {link}.")
    run.tell("completed", token)
    run.remove(token)
    run.push(("begin", run.create("act", target, scope)))


def _throw_compensation(run: Run, token: Token, event: EventDefinition) -> None:
    compensation.throw(run, token, event)


def _throw_cancel(run: Run, token: Token, event: EventDefinition) -> None:
    compensation.cancel_transaction(run, token)


def _terminate(run: Run, token: Token, event: EventDefinition) -> None:
    scope = _terminated(run, token)
    run.tell("completed", token)
    _note_end(run, token)
    run.clear(scope)
    run.push(("done", scope))


def _terminated(run: Run, token: Token) -> Token:
    """What a terminate end event ends: the scope around it; Flowable knows wider ones."""
    wider = token.node.properties.get("bihuan:terminates")
    if wider == "case":
        return run.tree.root
    if wider == "multiInstance":
        return next((above for above in token.ancestors() if above.kind == "body"), token.above)
    return token.above


def _end(run: Run, token: Token) -> None:
    _note_end(run, token)
    _throw(run, token)


def _note_end(run: Run, token: Token) -> None:
    if token.above.kind == "case":
        run.end_element = token.node.id


_THROWS: dict[str, Callable[[Run, Token, EventDefinition], None]] = {
    "message": _throw_message,
    "signal": _throw_signal,
    "escalation": _throw_escalation,
    "error": _throw_error,
    "link": _throw_link,
    "compensation": _throw_compensation,
    "cancel": _throw_cancel,
    "terminate": _terminate,
}


def _event_gateway(run: Run, token: Token) -> None:
    nodes = token.process.nodes
    targets = [nodes[flow.target] for flow in token.node.outgoing]
    token.info["gate"] = 1
    run.push_all([("watch_gate", run.create("sub", target, token)) for target in targets])


@operation
def watch_gate(run: Run, token: Token) -> None:
    """This will begin to wait for one of the events after an event-based gateway."""
    _receive(run, token)


def _gateway(run: Run, token: Token) -> None:
    run.push(("leave", token))


def _scope(run: Run, token: Token) -> None:
    open_scope(run, token)


BEHAVIOURS: dict[str, Callable[[Run, Token], None]] = {
    "task": _pass,
    "manualTask": _pass,
    "userTask": usertasks.user,
    "receiveTask": _receive,
    "sendTask": _send,
    "serviceTask": _service,
    "scriptTask": _script,
    "businessRuleTask": _rule,
    "subProcess": _scope,
    "transaction": _scope,
    "exclusiveGateway": _gateway,
    "parallelGateway": _gateway,
    "inclusiveGateway": _gateway,
    "eventBasedGateway": _event_gateway,
    "startEvent": _start,
    "endEvent": _end,
    "intermediateCatchEvent": _catch,
    "intermediateThrowEvent": _throw,
    "boundaryEvent": _pass,
}
