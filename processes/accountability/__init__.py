"""责任督导: who lets limits pass is reminded, warned, called in, named, and at last listed, rung by rung."""

from __future__ import annotations

from pathlib import Path

from engine import ProcessApp, Single, Summary

app = ProcessApp(
    name="accountability",
    title="责任督导",
    folder=Path(__file__).parent,
    process="accountability",
    number="ZD-{region}-{year}-{seq:04}",
    summary=Summary(
        title='=责任单位 + "：" + 督导事由',
        subject="=责任单位",
        badge="=督导方式",
        tone='=if 级次 = null then null else if 级次 >= 5 then "red" else if 级次 >= 3 then "orange" else "yellow"',
        unit="=责任单位编码",
    ),
    fields={
        "责任单位": "text",
        "责任单位编码": "text",
        "督导事由": "text",
        "督导方式": "text",
        "督导来源": "text",
        "督导文号": "text",
        "级次": "number",
        "督导期限": "day",
    },
    roles={
        "sac_office": "安委办",
        "sac_leader": "安委会领导",
        "bureau_leader": "局领导",
        "section_chief": "科室负责人",
        "town_officer": "乡镇专职安全员",
    },
    starters={"accountability": ("sac_office", "sac_leader", "bureau_leader")},
    singles={
        "accountability": Single(
            message="accountability-requested",
            key="=督导键",
            unit="=责任单位编码",
            given={
                # who has the late task answers for it; for what an enterprise is late with, the place where it lies
                "责任单位编码": (
                    "=if 责任单位编码 != null then 责任单位编码 "
                    "else if tasks = null or count(tasks) = 0 then case.unit_code "
                    'else if unit(tasks[1].unit_code).kind = "enterprise" then case.unit_code else tasks[1].unit_code'
                ),
                "责任单位": "=unit(责任单位编码).name",
                "督导事由": '=if 督导事由 != null then 督导事由 else limit.limit + "超期"',
                "督导来源": '=if 督导来源 != null then 督导来源 else if limit != null then "时限超期" else "人工登记"',
                "督导事项": (
                    "=if 督导事项 != null then 督导事项 else if case = null then [] else "
                    '[{"案件编号": case.number, "案件": case.title, "到期日": limit.due_on, '
                    '"说明": limit.limit + "超期未办结"}]'
                ),
                "督导键": '=责任单位编码 + "：" + 督导事由',
            },
        )
    },
    registers={"responsible_units": "data/units.csv"},
)
