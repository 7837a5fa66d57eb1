"""The closed lists of the taxonomy: twelve topics, five kinds, five severities, six place roles."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Topic(StrEnum):
    """What a story is about; the first of a story's topics is its primary one."""

    HUMAN_TRAFFICKING = "human_trafficking"
    FORCED_CRIMINALITY = "forced_criminality"
    ILLEGAL_LABOUR_PLACEMENT = "illegal_labour_placement"
    MIGRANT_SMUGGLING = "migrant_smuggling"
    MIGRANT_RETURN_PROTECTION = "migrant_return_protection"
    DRUG_TRAFFICKING = "drug_trafficking"
    GOODS_SMUGGLING = "goods_smuggling"
    WILDLIFE_TIMBER = "wildlife_timber"
    ARMS_EXPLOSIVES = "arms_explosives"
    MARITIME_FISHING = "maritime_fishing"
    BORDER_SECURITY = "border_security"
    DOCUMENT_IMMIGRATION = "document_immigration"


class Kind(StrEnum):
    """What sort of news it is."""

    INCIDENT = "incident"
    ENFORCEMENT = "enforcement"
    JUDICIAL = "judicial"
    POLICY_COOPERATION = "policy_cooperation"
    ADVISORY_ANALYSIS = "advisory_analysis"


class Severity(IntEnum):
    """How urgent an event is; 3 pushes outside quiet hours, 4 always, lower ones go to a digest."""

    BACKGROUND = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Role(StrEnum):
    """What a place has to do with the event."""

    EVENT = "event"
    ORIGIN = "origin"
    TRANSIT = "transit"
    DESTINATION = "destination"
    VENUE = "venue"
    STATEMENT = "statement"
