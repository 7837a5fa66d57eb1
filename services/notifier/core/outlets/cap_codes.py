"""What our codes are in CAP 1.2, and what every message says of itself."""

from __future__ import annotations

from services.contracts.codes import Kind, Severity, Topic

#: CAP knows no category of crime: ``Security`` is law enforcement, military and homeland security.
CATEGORIES: dict[Topic, tuple[str, ...]] = {
    Topic.HUMAN_TRAFFICKING: ("Security",),
    Topic.FORCED_CRIMINALITY: ("Security",),
    Topic.ILLEGAL_LABOUR_PLACEMENT: ("Security",),
    Topic.MIGRANT_SMUGGLING: ("Security", "Transport"),
    Topic.MIGRANT_RETURN_PROTECTION: ("Security", "Rescue"),
    Topic.DRUG_TRAFFICKING: ("Security", "Health"),
    Topic.GOODS_SMUGGLING: ("Security",),
    Topic.WILDLIFE_TIMBER: ("Security", "Env"),
    Topic.ARMS_EXPLOSIVES: ("Security", "Safety"),
    Topic.MARITIME_FISHING: ("Security", "Env"),
    Topic.BORDER_SECURITY: ("Security",),
    Topic.DOCUMENT_IMMIGRATION: ("Security",),
}
SEVERITY = {
    Severity.BACKGROUND: "Unknown",
    Severity.LOW: "Minor",
    Severity.MEDIUM: "Moderate",
    Severity.HIGH: "Severe",
    Severity.CRITICAL: "Extreme",
}
#: The media say so and nobody of ours has seen it: never ``Observed``, and never more than ``Likely``.
CERTAINTY = {"high": "Likely", "medium": "Possible", "low": "Unknown"}
_HAS_HAPPENED = frozenset({Kind.ENFORCEMENT, Kind.JUDICIAL})
SOURCE = "Siaga: open news, labelled by machine; not an official warning"
RESTRICTION = "For the named reader and the officials responsible for the areas given; not for publication."
NOTES = {
    "notice": "Labelled by machine from open news. Not verified. Not an official warning.",
    "stories_withdrawn": "Withdrawn: its sources no longer report it.",
    "not_relevant": "Withdrawn: it turned out not to be an incident of the topics watched.",
    "merged": "Merged: it turned out to be the same incident as {x}.",
    "split": "Split: it turned out to be {n} incidents.",
}
VERIFY = {
    "id": "Periksa pada sumbernya sebelum bertindak. Jangan disebarluaskan.",
    "en": "Check with the sources before acting. Not for publication.",
}


def urgency_of(kind: Kind, severity: Severity, *, backfill: bool = False) -> str:
    """How soon somebody responsible should look: a raid, a verdict, old news are past."""
    if kind in _HAS_HAPPENED or backfill:
        return "Past"
    if kind is not Kind.INCIDENT:
        return "Unknown"
    if severity is Severity.CRITICAL:
        return "Immediate"
    return "Expected" if severity is Severity.HIGH else "Unknown"
