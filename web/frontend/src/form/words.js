// form-js in Chinese: its `translate` service and the calendar's names.
import flatpickr from 'flatpickr';
import {Mandarin} from 'flatpickr/dist/esm/l10n/zh.js';
import {chinese} from '../page/language.js';

const dictionary = {
  'Date and time must both be entered.': '日期和时间都要填写。',
  'No content to show.': '没有可显示的内容。',
  "External content couldn't be loaded.": '外部内容无法加载。',
  'Increment': '增加',
  'Decrement': '减少',
  'Skip to search': '跳到查找',
  'Remove tag': '移除',
  'Search': '输入文字查找',
  'No results': '没有相符的选项',
  'All values selected': '已全部选中',
  'Nothing to show.': '暂无内容。',
  '{page} of {total}': '第 {page} 页，共 {total} 页',
  'Previous page': '上一页',
  'Next page': '下一页',
  'Click to sort by {value} descending': '点击按「{value}」从大到小排列',
  'Click to remove sorting': '点击取消排列',
  'Click to sort by {value} ascending': '点击按「{value}」从小到大排列',
  'No files selected': '尚未选择文件',
  '{value} files selected': '已选择 {value} 个文件',
  'Document reference is not defined.': '没有指定文件。',
  'Unable to download document': '文件无法下载',
  'Download {fileName}': '下载 {fileName}',
  'Add new': '增加一项',
  'Expand all ({value})': '全部展开({value})',
  'Collapse': '收起',
  'Value is not a number.': '请填写数字。',
  'Value is expected to be an integer.': '请填写整数。',
  'Value is expected to have at most 1 decimal digit.': '最多保留 1 位小数。',
  'Value is expected to have at most {value} decimal digits.': '最多保留 {value} 位小数。',
  'Please select a valid value, the two nearest valid values are {previousValue} and {nextValue}.':
    '请填写允许的数值，最接近的是 {previousValue} 和 {nextValue}。',
  'Field must match pattern {value}.': '填写的格式不对。',
  'Field is required.': '此项必填。',
  'Field must have minimum value of {value}.': '不得小于 {value}。',
  'Min validation value is not a valid number.': '表单设定的最小值不是数字，请联系流程设计员。',
  'Field must have maximum value of {value}.': '不得大于 {value}。',
  'Max validation value is not a valid number.': '表单设定的最大值不是数字，请联系流程设计员。',
  'Field must have minimum length of {value}.': '至少填写 {value} 个字。',
  'Field must have maximum length of {value}.': '最多填写 {value} 个字。',
  'Field must be a valid international phone number. (e.g. +4930664040900)': '请填写有效的电话号码，如 +8613800000000。',
  'Field must be a valid email.': '请填写有效的电子邮箱。',
};

function translate(template, replacements = {}) {
  const text = (chinese() && dictionary[template]) || template;
  return text.replace(/{([^}]+)}/g, (whole, name) => replacements[name] ?? whole);
}

export const wordsModule = {translate: ['value', translate]};

export function setCalendarLanguage() {
  if (chinese()) {
    flatpickr.localize(Mandarin);
  }
}
