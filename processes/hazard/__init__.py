"""隐患闭环: work-safety hazards from registration to closure."""

from __future__ import annotations

from pathlib import Path

from engine import ProcessApp, Summary

from .demo import load_demo, people
from .importing import IMPORTER
from .roles import ROLES

app = ProcessApp(
    name="hazard",
    title="隐患闭环",
    folder=Path(__file__).parent,
    process="hazard",
    number="YH-{region}-{year}-{seq:04}",
    summary=Summary(
        title='=单位名称 + "：" + 隐患描述',
        subject="=单位名称",
        badge='=if 定级结论 = "确认" then 等级 else null',
        tone=(
            '=if 定级结论 != "确认" then null else if 风险等级 = "红" then "red" else if 风险等级 = "橙" then "orange" '
            'else if 风险等级 = "黄" then "yellow" else if 风险等级 = "蓝" then "blue" else null'
        ),
        unit="=所在区划",
        due="=if 整改期限 = null then null else end of day(date(整改期限))",
    ),
    fields={
        "单位名称": "text",
        "企业编码": "text",
        "行业": "text",
        "隐患类别": "text",
        "隐患来源": "text",
        "等级": "text",
        "风险等级": "text",
        "责任部门": "text",
        "拟挂牌级别": "text",
        "挂牌结论": "text",
        "整改资金": "number",
        "复查不合格次数": "number",
        "发现日期": "day",
        "整改期限": "day",
    },
    roles=ROLES,
    leaders=("section_chief", "bureau_leader", "sac_leader", "ent_head"),
    starters={"hazard": ("grid_worker", "town_officer", "inspector", "ent_safety", "hotline")},
    registers={
        "criteria": "data/criteria.csv",
        "categories": "data/categories.csv",
        "divisions": "data/divisions.csv",
        "enterprises": "data/enterprises.csv",
    },
    importer=IMPORTER,
    demo=load_demo,
    people=people,
)
