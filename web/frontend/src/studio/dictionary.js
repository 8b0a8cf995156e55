// The designer in Chinese: two dictionaries from npm, and ours for what they lack.
import diagramWords from 'bpmn-js-i18n/translations/zn.js';
import modelerWords from 'bpmn-js-i18n-zh/lib/bpmn-js/index.js';
import panelWords from 'bpmn-js-i18n-zh/lib/properties-panel/index.js';
import zeebeWords from 'bpmn-js-i18n-zh/lib/zeebe-properties-panel/index.js';
import {chinese} from '../page/language.js';
import ownWords from './words.json';

const known = {...diagramWords, ...modelerWords, ...panelWords, ...zeebeWords, ...ownWords};

const isLatin = text => /^[\x00-\x7f]*[a-z][\x00-\x7f]*$/i.test(text);

export class Dictionary {
  constructor() {
    this.missing = new Set();
    this.module = {translate: ['value', (template, replacements) => this.translate(template, replacements)]};
  }

  translate(template, replacements = {}) {
    // what our own rules say comes through here too, already in Chinese
    if (chinese() && !(template in known) && isLatin(template)) {
      this.missing.add(template);
    }
    const text = (chinese() && known[template]) || template;
    return text.replace(/{([^}]+)}/g, (whole, name) => replacements[name] ?? whole);
  }
}
