// English literals inside libraries that offer no translation, each with its Chinese.
// A literal that no longer stands in its library fails the build, so that an upgrade cannot bring English back unseen.
import {readFile} from 'node:fs/promises';

const either = (chinese, english) => `(document.documentElement.lang.startsWith("zh") ? "${chinese}" : "${english}")`;

// inside a template literal, between its quotes
const inTemplate = (chinese, english) => '${' + either(chinese, english) + '}';

const simulation = path => new RegExp(`bpmn-js-token-simulation/lib/features/${path}\\.js$`.replaceAll('/', '[\\\\/]'));
const named = (english, chinese) => [`elementName || '${english}'`, `elementName || ${either(chinese, english)}`];
const titled = (english, chinese) => [`title="${english}`, `title="${inTemplate(chinese, english)}`];
const text = (english, chinese) => [`text: '${english}'`, `text: ${either(chinese, english)}`];

const replacements = [
  {
    file: simulation('log/Log'),
    texts: [
      named('Service Task', '服务任务'), named('User Task', '用户任务'), named('Call Activity', '调用活动'),
      named('Script Task', '脚本任务'), named('Business Rule Task', '业务规则任务'), named('Manual Task', '手工任务'),
      named('Receive Task', '接收任务'), named('Send Task', '发送任务'), named('Task', '任务'),
      named('Exclusive Gateway', '排他网关'), named('Parallel Gateway', '并行网关'), named('Inclusive Gateway', '包容网关'),
      named('Start Event', '开始事件'), named('Intermediate Event', '中间事件'), named('Boundary Event', '边界事件'),
      named('End Event', '结束事件'),
      titled('Toggle Simulation Log', '模拟记录'),
      [/^ +Simulation Log\s*$/m, inTemplate('模拟记录', 'Simulation log')],
      ['aria-label="Close"', `aria-label="${inTemplate('关闭', 'Close')}"`],
      ["|| 'SubProcess') : 'Process'", `|| ${either('子流程', 'Sub-process')}) : ${either('流程', 'Process')}`],
      ["completed ? 'finished' : 'canceled'", `completed ? ${either('已办完', 'finished')} : ${either('已取消', 'cancelled')}`],
      ['} started`', `} ${inTemplate('开始', 'started')}\``],
      ['>No Entries<', `>${inTemplate('还没有记录', 'No entries')}<`],
    ],
  },
  {file: simulation('show-scopes/ShowScopes'), texts: [titled('Focus process instance', '只看这一件')]},
  {
    file: simulation('reset-simulation/ResetSimulation'),
    texts: [titled('Reset Simulation', '重新模拟'), text('Reset Simulation', '已重新开始模拟')],
  },
  {
    file: simulation('element-support/ElementSupport'),
    texts: [text('Found unsupported elements', '有些元素不能模拟'), text('Not supported', '不能模拟')],
  },
  {
    file: simulation('pause-simulation/PauseSimulation'),
    texts: [
      titled('Play/Pause Simulation', '继续或暂停'), text('Pause Simulation', '已暂停'), text('Play Simulation', '继续模拟'),
    ],
  },
  {file: simulation('set-animation-speed/SetAnimationSpeed'), texts: [titled('Set animation speed =', '速度')]},
  {file: simulation('context-pads/handler/ExclusiveGatewayHandler'), texts: [titled('Set Sequence Flow', '选择走哪一支')]},
  {file: simulation('context-pads/handler/InclusiveGatewayHandler'), texts: [titled('Set Sequence Flow', '选择走哪一支')]},
  {
    file: simulation('context-pads/handler/PauseHandler'),
    texts: [["${ wait ? 'Remove' : 'Add' } pause point", "${ wait ? " + either('取消停留', 'Remove pause point') + ' : ' + either('在此停留', 'Add pause point') + ' }']],
  },
  {file: simulation('context-pads/handler/TriggerHandler'), texts: [titled('Trigger Event', '触发')]},
  {
    file: /form-js-viewer[\\/]dist[\\/]index\.es\.js$/,
    texts: [
      ["placeholder: 'Search',", `placeholder: ${either('输入文字查找', 'Search')},`],
      ["children: valueLabel || 'Select'", `children: valueLabel || ${either('请选择', 'Select')}`],
      ["emptyListMessage = 'No results'", `emptyListMessage = ${either('没有相符的选项', 'No results')}`],
      ['placeholder: getLocaleReadableDateFormat(),', `placeholder: ${either('年-月-日', 'yyyy-mm-dd')},`],
      ["placeholder: use24h ? 'hh:mm' : 'hh:mm --',", `placeholder: ${either('时:分', 'hh:mm')},`],
      // dates read 2026-11-21 whatever the browser's language: Swedish writes them so
      ["function getLocaleDateFormat(locale = 'default')", "function getLocaleDateFormat(locale = 'sv-SE')"],
      ["'today' : '01/01/1900'", "'today' : '1900-01-01'"],
    ],
  },
];

export const wording = {
  name: 'wording',
  setup(build) {
    for (const {file, texts} of replacements) {
      build.onLoad({filter: file}, async ({path}) => {
        let contents = await readFile(path, 'utf8');
        const errors = [];
        for (const [found, replaced] of texts) {
          const before = contents;
          contents = found instanceof RegExp ? contents.replace(found, () => replaced) : contents.replaceAll(found, () => replaced);
          if (contents === before) {
            errors.push({text: `the text to translate is gone: ${found}`, location: {file: path}});
          }
        }
        return {contents, errors, loader: 'js'};
      });
    }
  },
};
