"""How hazards are read from spreadsheets: the columns of the template, those of published records, and their words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from engine import Importer, RowRefused

COLUMNS = {
    "编号": ("编号", "序号", "id"),
    "单位名称": ("单位名称", "企业名称", "unit_type"),
    "企业编码": ("统一社会信用代码", "企业编码"),
    "行业": ("行业", "industry"),
    "所在区划": ("所在区划", "区划代码"),
    "隐患部位": ("隐患部位", "部位"),
    "隐患描述": ("隐患描述", "隐患内容", "description"),
    "隐患类别": ("隐患类别", "隐患分类码", "category_code"),
    "隐患来源": ("隐患来源", "发现途径", "channel"),
    "发现日期": ("发现日期", "发现时间", "found_year"),
    "发现人": ("发现人",),
    "联系电话": ("联系电话",),
    "判定条款": ("判定条款", "criterion_code"),
    "判定依据": ("法律法规依据", "判定依据", "legal_basis"),
    "整改建议": ("整改建议", "整改措施", "measure"),
}
REQUIRED = ("单位名称", "行业", "隐患描述", "隐患类别", "隐患来源", "发现日期")
SOURCES = (
    ("双随机", "双随机检查"),
    ("联合", "联合检查"),
    ("自查", "企业自查"),
    ("网格", "网格巡查"),
    ("巡查员", "网格巡查"),
    ("乡镇", "乡镇检查"),
    ("举报", "群众举报"),
    ("专家", "专家检查"),
    ("监测", "在线监测"),
    ("专项", "专项检查"),
    ("消防检查", "专项检查"),
    ("住建检查", "专项检查"),
    ("执法", "执法检查"),
    ("暗访", "执法检查"),
    ("省级", "上级交办"),
    ("国家", "上级交办"),
    ("部级", "上级交办"),
    ("安委", "上级交办"),
    ("上级", "上级交办"),
)
PLACE_UNKNOWN = "见隐患描述"


def convert(cells: Mapping[str, str], today: date) -> dict[str, Any]:
    """This will return the data of the start form for a row of a spreadsheet read `today`. Raises RowRefused."""
    industry, _, part = cells.get("行业", "").replace("(", "（").partition("（")
    data: dict[str, Any] = {path: value for path, value in cells.items() if value and path != "编号"}
    data["行业"] = industry.strip()
    part = part.rstrip("）) ")
    data["隐患部位"] = cells.get("隐患部位") or (f"{part}场所" if part else PLACE_UNKNOWN)
    data["隐患类别"] = cells.get("隐患类别", "").partition(" ")[0]
    data["隐患来源"] = source(cells.get("隐患来源", ""))
    data["发现日期"] = found_on(cells.get("发现日期", ""), today)
    data["判定条款"] = [code for code in re.split(r"[、,;；\s]+", cells.get("判定条款", "")) if code]
    return data


def source(text: str) -> str:
    """This will return the choice of the form that a source in free words means."""
    return next((choice for word, choice in SOURCES if word in text), "其他" if text else "")


def found_on(text: str, today: date) -> str:
    """This will return an ISO day. A year alone means its first day, a missing one `today`. Raises RowRefused."""
    text = text.strip()
    if not text:
        return today.isoformat()
    if re.fullmatch(r"(19|20)\d\d", text):
        return f"{text}-01-01"
    found = re.fullmatch(r"((?:19|20)\d\d)\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:\s.*)?", text)
    try:
        if found:
            return date(*(int(part) for part in found.groups())).isoformat()
    except ValueError:
        pass
    raise RowRefused("发现日期", f"「发现日期」须为日期，如 2026-11-21，现为「{text[:30]}」")


def key(cells: Mapping[str, str]) -> str:
    """This will return the record's own number when it has letters (YH001), else a digest of what the row says.

    A bare serial number (1, 2, 3) begins anew in every file and tells nothing.
    """
    number = cells.get("编号", "").strip()
    if re.search(r"[A-Za-z]", number):
        return number
    said = "\n".join(cells.get(path, "") for path in ("单位名称", "隐患部位", "隐患描述", "发现日期"))
    return hashlib.sha256(said.encode()).hexdigest()[:32]


IMPORTER = Importer(process="hazard", columns=COLUMNS, required=REQUIRED, convert=convert, key=key)
