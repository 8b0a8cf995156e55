"""What the people of the demo world write into each form, and which way each hazard goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine import calendars

Data = dict[str, Any]

GENERAL = ["verify", "confirm_grade", "order", "countersign_order", "rectify", "accept", "close"]
ON_SPOT = ["verify", "confirm_grade", "fix_on_spot", "accept", "close"]
MAJOR = [
    "verify", "confirm_grade", "plan", "review_plan:inspector", "review_plan:expert", "decide_plan",
    "propose_listing", "approve_listing", "rectify", "accept", "close", "delist",
]  # fmt: skip
UNLISTED = [step for step in MAJOR if step not in ("propose_listing", "approve_listing", "delist")]
GENERAL_TWICE = [*GENERAL[:5], "accept:不合格", *GENERAL[2:]]
MAJOR_TWICE = [*UNLISTED[:7], "accept:不合格", *UNLISTED[2:]]
NOT_FOUNDED = ["verify:不属实", "confirm_grade:不属实"]
RETURNED = ["verify", "confirm_grade:退回核实", *GENERAL]

GAPS = {
    "verify": 1, "confirm_grade": 1, "fix_on_spot": 0, "order": 1, "countersign_order": 0, "plan": 4,
    "review_plan": 2, "decide_plan": 1, "propose_listing": 2, "approve_listing": 3, "rectify": 6, "accept": 2,
    "close": 2, "delist": 2,
}  # fmt: skip
"""Working days that people take before a step."""


@dataclass(frozen=True, slots=True)
class Route:
    """The steps that a hazard takes, and how many working days ago it took the last one."""

    steps: list[str]
    age: int


ON_SPOT_ROUTES: tuple[Route, ...] = (
    Route(ON_SPOT, 30),
    Route(ON_SPOT[:2], 1),
    Route(ON_SPOT[:3], 2),
    Route([], 1),
    Route(ON_SPOT, 52),
    Route(ON_SPOT[:4], 1),
    Route(NOT_FOUNDED, 20),
    Route(ON_SPOT[:1], 1),
    Route([], 8),
    Route(ON_SPOT, 11),
)
ORDER_ROUTES: tuple[Route, ...] = (
    Route(GENERAL[:4], 2),
    Route(GENERAL[:2], 1),
    Route(GENERAL[:4], 25),
    Route(GENERAL, 45),
    Route(GENERAL_TWICE[:6], 1),
    Route(GENERAL[:3], 1),
    Route(RETURNED[:2], 1),
)
LISTED_ROUTES: tuple[Route, ...] = (
    Route(MAJOR[:6], 1),
    Route(MAJOR[:7], 3),
    Route(MAJOR[:2], 3),
    Route(MAJOR[:8], 60),
    Route(MAJOR[:11], 2),
    Route(MAJOR[:4], 3),
    Route(MAJOR[:9], 2),
    Route(MAJOR[:6], 9),
    Route(MAJOR[:10], 1),
    Route([], 2),
    Route(MAJOR, 40),
    Route(MAJOR[:2], 16),
    Route(MAJOR[:7], 14),
    Route(MAJOR[:1], 1),
    Route(MAJOR[:5], 1),
    Route(MAJOR[:8], 12),
    Route(MAJOR, 25),
    Route(MAJOR[:8], 4),
)
UNLISTED_ROUTES: tuple[Route, ...] = (
    Route(UNLISTED[:2], 4),  # the first two belong to the enterprise whose accounts the demo shows
    Route(UNLISTED[:6], 5),
    Route(MAJOR_TWICE[:8], 2),
    Route(UNLISTED[:8], 7),
    Route([], 1),
    Route(UNLISTED, 33),
    Route(UNLISTED[:4], 6),
    Route(UNLISTED[:3], 2),
    Route(UNLISTED, 18),
    Route(MAJOR_TWICE, 8),
    Route(UNLISTED[:1], 6),
    Route(UNLISTED[:7], 1),
    Route(UNLISTED[:5], 1),
    Route(UNLISTED[:6], 35),
)


def choose(record: Mapping[str, str], taken: dict[int, int]) -> Route:
    """This will return the next way of the kind that a record goes; `taken` counts the ways given out so far."""
    if record["grade"] == "一般":
        routes = ON_SPOT_ROUTES if is_fixed_at_once(record) else ORDER_ROUTES
    else:
        routes = LISTED_ROUTES if will_be_listed(record) else UNLISTED_ROUTES
    number = taken.get(id(routes), 0)
    taken[id(routes)] = number + 1
    return routes[number % len(routes)]


def is_fixed_at_once(record: Mapping[str, str]) -> bool:
    """This will tell whether the officers of the demo have a hazard removed on the spot."""
    return record["grade"] == "一般" and int(record["deadline_days"]) <= 3


def will_be_listed(record: Mapping[str, str]) -> bool:
    """This will tell whether the tables propose a major hazard for listing."""
    return reach(record) != "本县区" or record["stop_production"] == "全部" or has_outside_cause(record)


def reach(record: Mapping[str, str]) -> str:
    """This will return how far a hazard reaches, from the level at which it was listed and how long it takes."""
    takes_long = int(record["deadline_days"]) >= 60
    if record["listing_level"] == "省级":
        return "跨市" if takes_long else "跨县区"
    return "跨县区" if record["listing_level"] == "市级" and takes_long else "本县区"


def has_outside_cause(record: Mapping[str, str]) -> bool:
    """This will tell whether a unit cannot remove a hazard by itself."""
    return record["industry"] in ("道路交通", "油气管道") or record["listing_level"] in ("市级", "师市级")


def write(step: str, record: Mapping[str, str], day: date, position: int) -> tuple[Data, str | None]:
    """This will return the form data and the outcome of a step on `day` for a record of `hazards.csv`."""
    element, _, choice = step.partition(":")
    return WRITERS[element](record, day, position, choice)


def _verify(record: Mapping[str, str], day: date, position: int, choice: str) -> tuple[Data, str | None]:
    stop = record["stop_production"] if record["stop_production"] in ("局部", "全部") else "否"
    if choice == "不属实":
        return {"检查日期": day.isoformat(), "核实情况": "到场查看，设施完好，登记内容与实际不符"}, choice
    data: Data = {
        "检查日期": day.isoformat(),
        "影响范围": reach(record) if record["grade"] == "重大" else "本县区",
        "核实情况": f"到场核实：{record['description']}，情况属实",
        "判定条款": _criteria(record, day),
        "判定依据": record["legal_basis"],
        "需要停产": stop,
        "受威胁人数": 2 + position % 14,
        "可当场整改": is_fixed_at_once(record),
        "外部因素": has_outside_cause(record),
        "现场处理措施": "责令停止使用有关设备和场所，撤出作业人员，整改完成前不得恢复",
        "整改建议": record["measure"],
    }
    return data, "属实"


def _criteria(record: Mapping[str, str], day: date) -> list[str]:
    """The criterion of a major hazard, if its standard is in force on the day of inspection."""
    is_in_force = record["criterion_from"] <= day.isoformat()
    return [record["criterion_code"]] if record["criterion_code"] and record["grade"] == "重大" and is_in_force else []


def _confirm(record: Mapping[str, str], day: date, position: int, choice: str) -> tuple[Data, str | None]:
    data = {
        "等级": record["grade"],
        "风险等级": record["risk_color"],
        "不一致理由": "经科室会商，按现场实际危害程度确定",
        "责任部门": "应急管理局",
        "定级意见": "请补充受威胁人数和法律依据" if choice == "退回核实" else "同意核实意见",
    }
    return data, choice or "确认"


def _fix(record: Mapping[str, str], day: date, position: int, choice: str) -> tuple[Data, str | None]:
    return {"当场整改情况": f"{record['measure']}，已当场完成", "整改完成日期": day.isoformat()}, "已整改"


def _limit(record: Mapping[str, str], day: date) -> str:
    return calendars.SHIPPED.add_days(day, min(int(record["deadline_days"]), 120)).isoformat()


def _order(record: Mapping[str, str], day: date, position: int, choice: str) -> tuple[Data, str | None]:
    limit = _limit(record, day)
    item = {
        "事项": record["description"],
        "依据": record["legal_basis"],
        "整改要求": record["measure"],
        "限期": limit,
    }
    return {"整改事项": [item], "整改期限": limit, "执法人员一": "监管员（执法证 00001）"}, None


def _countersign(record: Mapping[str, str], day: date, position: int, choice: str) -> tuple[Data, str | None]:
    return {"整改事项": [{}], "执法人员二": "监管员（执法证 00002）", "签名意见": "同意"}, "签名"


def _plan(record: Mapping[str, str], day: date, position: int, choice: str) -> tuple[Data, str | None]:
    limit = _limit(record, day)
    half = calendars.SHIPPED.add_days(day, max(int(record["deadline_days"]) // 2, 1)).isoformat()
    tasks = [
        {
            "事项": "停用并隔离隐患部位，设置警示",
            "整改要求": "停用、挂牌、专人看守",
            "责任人": "安全员",
            "限期": min(half, limit),
        },
        {"事项": record["description"], "整改要求": record["measure"], "责任人": "分管负责人", "限期": limit},
    ]
    data = {
        "治理目标": "消除隐患，符合国家标准和行业标准",
        "治理机构": "主要负责人牵头的专班",
        "整改措施": record["measure"],
        "整改事项": tasks,
        "整改资金": 3 + (position * 7) % 90,
        "资金来源": "安全生产费用",
        "整改期限": limit,
        "整改责任人": "分管负责人",
        "责任人职务": "副经理",
        "责任人电话": f"0662-33{position:05d}",
        "应急预案": "整改期间停产撤人，专人监护，配齐应急器材，发现异常立即停工撤离并报告",
    }
    return data, None


def _review(record: Mapping[str, str], day: date, position: int, choice: str) -> tuple[Data, str | None]:
    said = "措施符合技术规范" if choice == "expert" else "五项内容完整，期限合理"
    return {"审查意见": f"{said}，方案可行"}, "可行"


def _decide(record: Mapping[str, str], day: date, position: int, choice: str) -> tuple[Data, str | None]:
    return {"方案意见": "同意会审意见，按方案实施"}, "同意"


def _propose(record: Mapping[str, str], day: date, position: int, choice: str) -> tuple[Data, str | None]:
    level = {"无": "县级", "师市级": "市级"}.get(record["listing_level"], record["listing_level"])
    data = {
        "拟挂牌级别": level,
        "督办期限": _limit(record, day),
        "督办单位": "应急管理局",
        "督办责任人": "监管科科长",
        "提请意见": "建议挂牌",
        "提请理由": f"{record['description']}，危害较大，建议{level}挂牌督办",
    }
    return data, None


def _approve(record: Mapping[str, str], day: date, position: int, choice: str) -> tuple[Data, str | None]:
    return {"挂牌文号": f"安委督〔{day.year}〕{position + 1}号", "挂牌意见": "同意挂牌督办"}, "同意"


def _rectify(record: Mapping[str, str], day: date, position: int, choice: str) -> tuple[Data, str | None]:
    done = {"完成情况": "已完成", "完成日期": day.isoformat(), "完成说明": "已按要求完成"}
    data = {
        "整改事项": [done] * (2 if record["grade"] == "重大" else 1),
        "实际支出": 1 + (position * 5) % 60,
        "整改完成日期": day.isoformat(),
        "整改说明": f"{record['measure']}，已全部完成，请予验收",
    }
    return data, None


def _accept(record: Mapping[str, str], day: date, position: int, choice: str) -> tuple[Data, str | None]:
    outcome = choice or "合格"
    rows = [{"复查结论": "合格", "复查意见": ""} for _ in range(2 if record["grade"] == "重大" else 1)]
    rows[-1] = {"复查结论": outcome, "复查意见": "" if outcome == "合格" else "整改不到位，须继续整改"}
    opinion = "各项整改到位，同意通过" if outcome == "合格" else "主要事项整改不到位，重新整改"
    data = {"整改事项": rows, "验收日期": day.isoformat(), "复查人员二": "监管员（执法证 00001）", "验收意见": opinion}
    return data, outcome


def _close(record: Mapping[str, str], day: date, position: int, choice: str) -> tuple[Data, str | None]:
    return {"同意恢复生产": True, "核销依据": "复查验收合格，佐证材料齐全"}, "核销"


def _delist(record: Mapping[str, str], day: date, position: int, choice: str) -> tuple[Data, str | None]:
    return {"摘牌文号": f"安委督解〔{day.year}〕{position + 1}号", "摘牌日期": day.isoformat()}, None


WRITERS = {
    "verify": _verify,
    "confirm_grade": _confirm,
    "fix_on_spot": _fix,
    "order": _order,
    "countersign_order": _countersign,
    "plan": _plan,
    "review_plan": _review,
    "decide_plan": _decide,
    "propose_listing": _propose,
    "approve_listing": _approve,
    "rectify": _rectify,
    "accept": _accept,
    "close": _close,
    "delist": _delist,
}
