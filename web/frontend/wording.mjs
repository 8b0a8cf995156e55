// English literals inside libraries that offer no translation, each with its Chinese.
// A literal that no longer stands in its library fails the build, so that an upgrade cannot bring English back unseen.
import {readFile} from 'node:fs/promises';

const either = (chinese, english) => `(document.documentElement.lang.startsWith("zh") ? "${chinese}" : "${english}")`;

const replacements = [
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
          if (!contents.includes(found)) {
            errors.push({text: `the text to translate is gone: ${found}`, location: {file: path}});
          }
          contents = contents.replaceAll(found, () => replaced);
        }
        return {contents, errors, loader: 'js'};
      });
    }
  },
};
