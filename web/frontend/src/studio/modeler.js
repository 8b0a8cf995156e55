// Puts the modeler together: bpmn-js, the Zeebe properties panel and our own parts.
import BpmnModeler from 'bpmn-js/lib/Modeler';
import {ZeebeVariableResolverModule} from '@bpmn-io/variable-resolver';
import LintModule from 'bpmn-js-bpmnlint';
import ColorPickerModule from 'bpmn-js-color-picker';
import {CreateAppendAnythingModule} from 'bpmn-js-create-append-anything';
import {BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, ZeebePropertiesProviderModule} from 'bpmn-js-properties-panel';
import SimulationModule from 'bpmn-js-token-simulation/lib/modeler';
import ZeebeBehaviorsModule from 'camunda-bpmn-js-behaviors/lib/camunda-cloud';
import MinimapModule from 'diagram-js-minimap';
import modelerModdle from 'modeler-moddle/resources/modeler.json';
import zeebeModdle from 'zeebe-bpmn-moddle/resources/zeebe.json';
import bihuanModdle from './bihuan.json';
import {connect} from './flows.js';
import {lintConfig} from './lint.js';
import {settingsModule} from './settings.js';
import {Dictionary} from './dictionary.js';

export function createModeler({canvas, panel, choices}) {
  const dictionary = new Dictionary();
  const modeler = new BpmnModeler({
    container: canvas,
    propertiesPanel: {parent: panel},
    linting: {bpmnlint: lintConfig, active: true},
    choices,
    exporter: {name: 'Bihuan', version: '1'},
    moddleExtensions: {zeebe: zeebeModdle, modeler: modelerModdle, bihuan: bihuanModdle},
    additionalModules: [
      BpmnPropertiesPanelModule,
      BpmnPropertiesProviderModule,
      ZeebePropertiesProviderModule,
      ZeebeBehaviorsModule,
      ZeebeVariableResolverModule,
      CreateAppendAnythingModule,
      ColorPickerModule,
      MinimapModule,
      LintModule,
      SimulationModule,
      settingsModule,
      dictionary.module,
    ],
  });
  modeler.on('import.parse.complete', ({definitions}) => definitions && connect(definitions));
  return {modeler, dictionary};
}
