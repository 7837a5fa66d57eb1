"""What a language has to say of incidents: one word or sentence for each code and label."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.codes import Kind, Severity, Topic


@dataclass(frozen=True)
class Words:
    """One language.  ``{}`` fields are filled by name."""

    language: str
    levels: dict[Severity, str]
    topics: dict[Topic, str]
    kinds: dict[Kind, str]
    leads: dict[Kind, str]
    people: dict[str, str]
    terms: dict[str, str]
    labels: dict[str, str]
    #: Said at the end of every card whose language is not complete or not reviewed.
    remark: str = ""
