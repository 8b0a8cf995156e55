"""Call activities: a called process runs inside the same case, with a document of its own."""

from __future__ import annotations

from engine.bpmn import usertasks
from engine.bpmn.moving import close_events, open_scope
from engine.bpmn.run import Run, Stuck, operation
from engine.bpmn.tokens import Token
from engine.bpmn.variables import context

MAX_CALLS = 50


def call(run: Run, token: Token) -> None:
    """This will find the called process, keep its version, fill its document and start it."""
    wanted = token.node.call
    if wanted is None:
        raise Stuck("No process is called here.")
    process_id = run.evaluate(wanted.target, token, "called process")
    if not isinstance(process_id, str) or not process_id:
        raise run.trouble(wanted.target, context(token), "called process", "the id is not text")
    if sum(above.doc is not None for above in token.ancestors()) > MAX_CALLS:
        raise Stuck(f"More than {MAX_CALLS} processes call one another.", process=process_id)
    tag = wanted.version_tag if wanted.tag is None else usertasks.text(run, token, wanted.tag, "version tag")
    try:
        found = run.host.called(process_id, wanted.binding, tag, token.key)
    except LookupError:
        raise Stuck(f"There is no process {process_id}.", process=process_id, binding=wanted.binding) from None
    if not found.process.content.entries:
        raise Stuck(f"The process {process_id} has no none start event.", process=process_id)
    document = dict(context(token)) if wanted.parent_variables else dict(token.local)
    document.pop("loopCounter", None)
    token.info["key"] = token.inner_key = found.key
    token.inner = found.process
    token.doc = document
    run.tell("called", token, process=process_id, key=found.key)
    open_scope(run, token)


@operation
def come_back(run: Run, token: Token) -> None:
    """This will hand over the results of the called process and go on behind the call.

    Without output mappings everything goes back unless the diagram says no; with both, the mappings win. In models of
    Camunda 7 `<camunda:out variables="all"/>` hands everything over beside them.
    """
    close_events(run, token)
    document = token.doc or {}
    wanted = token.node.call
    everything = wanted.child_variables if wanted is not None else None
    token.doc = None
    token.inner, token.inner_key = token.process, token.key
    token.info.pop("key", None)
    token.info.pop("closing", None)
    run.tell("returned", token)
    if everything and not token.process.is_native:
        for mapping in token.node.inputs:  # there what goes in is the called process's own, not the call's
            token.local.pop(mapping.target.split(".")[0], None)
    if token.node.outputs:
        if everything and not token.process.is_native:
            run.write(token, document)
        run.push(("complete", token, document))
    else:
        run.push(("complete", token, document if everything or everything is None else {}))
