"""The roles that people hold in the hazard process, with their titles."""

from __future__ import annotations

ROLES = {
    "grid_worker": "网格员",
    "town_officer": "乡镇专职安全员",
    "inspector": "监管执法人员",
    "section_chief": "科室负责人",
    "ent_safety": "企业安全员",
    "ent_head": "企业主要负责人",
    "expert": "专家",
    "sac_office": "安委办",
    "sac_leader": "安委会领导",
    "bureau_leader": "局领导",
    "archivist": "档案员",
    "hotline": "举报受理员",
}
