// What leads into a step and out of it stands in the flows; many tools do not write it at the step a second time.
const ENDS = {sourceRef: 'outgoing', targetRef: 'incoming'};

export function connect(container) {
  for (const each of [...container.rootElements ?? [], ...container.flowElements ?? []]) {
    for (const [end, way] of Object.entries(ENDS)) {
      const flows = each.$instanceOf('bpmn:SequenceFlow') && each[end]?.get(way);
      if (flows && !flows.includes(each)) {
        flows.push(each);
      }
    }
    connect(each);
  }
}
