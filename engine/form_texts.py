"""What a form says about a wrong value, in Chinese and English: what is wrong and what to do."""

from __future__ import annotations

from typing import Any

TEXTS: dict[str, tuple[str, str]] = {
    "required": ("请填写「{label}」", "“{label}” is required"),
    "required_choice": ("请选择「{label}」", "Choose “{label}”"),
    "required_file": ("请上传「{label}」", "Upload “{label}”"),
    "required_check": ("须勾选「{label}」", "“{label}” must be ticked"),
    "required_place": ("请在地图上标出「{label}」", "Mark “{label}” on the map"),
    "not_text": ("「{label}」须为文字", "“{label}” must be text"),
    "control": (
        "「{label}」含有不可见的控制字符，请删除后重试",
        "“{label}” holds invisible control characters: delete them",
    ),
    "min_length": (
        "「{label}」至少 {limit} 个字，现有 {found} 个",
        "“{label}” needs at least {limit} characters, has {found}",
    ),
    "max_length": (
        "「{label}」最多 {limit} 个字，现有 {found} 个",
        "“{label}” takes at most {limit} characters, has {found}",
    ),
    "pattern": ("「{label}」格式不对", "“{label}” has the wrong format"),
    "email": (
        "「{label}」须为电子邮箱地址，如 name@example.com",
        "“{label}” must be an e-mail address, as name@example.com",
    ),
    "phone": (
        "「{label}」须为电话号码，如 13800000000 或 0662-3300000",
        "“{label}” must be a telephone number, as 13800000000 or +49 30 664040900",
    ),
    "not_number": ("「{label}」须为数字", "“{label}” must be a number"),
    "digits": ("「{label}」最多 {limit} 位小数", "“{label}” takes at most {limit} decimal digits"),
    "size": ("「{label}」的数字太长（最多 34 位）", "“{label}” has too many digits (34 at most)"),
    "min": ("「{label}」须不小于 {limit}", "“{label}” must be at least {limit}"),
    "max": ("「{label}」须不大于 {limit}", "“{label}” must be at most {limit}"),
    "step": ("「{label}」须为 {limit} 的整数倍", "“{label}” must be a multiple of {limit}"),
    "not_bool": ("「{label}」须为是或否", "“{label}” must be yes or no"),
    "not_choice": ("「{label}」中没有选项「{value}」", "“{value}” is not a choice of “{label}”"),
    "not_list": ("「{label}」须为列表", "“{label}” must be a list"),
    "twice": ("「{label}」中「{value}」重复", "“{value}” stands twice in “{label}”"),
    "not_date": ("「{label}」须为日期，如 2026-11-21", "“{label}” must be a date, as 2026-11-21"),
    "not_time": ("「{label}」须为时间，如 14:30", "“{label}” must be a time, as 14:30"),
    "not_datetime": (
        "「{label}」须为日期和时间，如 2026-11-21 14:30",
        "“{label}” must be a date and time, as 2026-11-21T14:30",
    ),
    "passed": ("「{label}」不能早于今天（{limit}）", "“{label}” must not lie before today ({limit})"),
    "future": ("「{label}」不能晚于今天（{limit}）", "“{label}” must not lie after today ({limit})"),
    "not_rows": ("「{label}」须为逐行填写的表", "“{label}” must be a list of rows"),
    "min_rows": ("「{label}」至少填写 {limit} 行", "“{label}” needs at least {limit} rows"),
    "max_rows": ("「{label}」最多填写 {limit} 行", "“{label}” takes at most {limit} rows"),
    "not_file": ("「{label}」的文件没有上传成功，请重新上传", "A file of “{label}” was not uploaded: upload it again"),
    "one_file": ("「{label}」只能上传一个文件", "“{label}” takes one file"),
    "not_code": ("「{label}」须为登记簿中的代码", "“{label}” must be codes of a register"),
    "unknown_code": ("「{label}」中没有代码 {value}", "“{label}” has no code {value}"),
    "one_code": ("「{label}」只能选一项", "“{label}” takes one code"),
    "not_place": (
        "「{label}」须为地图上的点（纬度、经度）",
        "“{label}” must be a point on the map (latitude, longitude)",
    ),
    "no_outcome": ("请选择办理结果：{choices}", "Choose an outcome: {choices}"),
    "unknown_outcome": ("没有办理结果「{value}」", "“{value}” is not an outcome of this form"),
    "not_form": ("提交的内容不是表单数据", "What was sent is not the data of a form"),
    "yes": ("是", "Yes"),
    "no": ("否", "No"),
}


def text(key: str, locale: str, **details: Any) -> str:
    """This will return the sentence `key` in Chinese, or in English for a locale that begins with "en"."""
    return TEXTS[key][locale.startswith("en")].format(**details)
