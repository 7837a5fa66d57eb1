"""Every reason the notifier gives: ledger row, log field, metric label, test id and `siaga why` word."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why something was done to a delivery, or was not."""

    # why an official does not hear of an incident
    OTHER_REGION = "other_region"
    OTHER_ROLE = "other_role"
    OTHER_TOPIC = "other_topic"
    OTHER_KIND = "other_kind"
    BELOW_MINIMUM = "below_minimum_severity"

    # why a new message goes out now
    CRITICAL = "critical"
    HIGH = "high_severity"
    SEVERITY_ROSE = "severity_rose"
    COUNT_GREW = "count_grew_by_half"

    # why it waits for the digest
    BELOW_PUSH = "below_push_severity"
    KIND_NOT_PUSHED = "kind_not_pushed"
    QUIET_HOURS = "quiet_hours"
    OVER_BUDGET = "push_budget_spent"
    BACKFILL = "old_news_at_first_look"
    REPLAYED = "replayed"
    SPLIT_PART = "part_of_known_incident"
    UPDATED_SINCE_DIGEST = "updated_since_digest"
    CANNOT_EDIT = "channel_cannot_edit"
    NO_MESSAGE = "no_message_to_edit"
    OUTCOME_UNKNOWN = "outcome_unknown"

    # why a message already sent is changed
    FACTS_CHANGED = "facts_changed"
    NO_LONGER_YOURS = "no_longer_in_subscription"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    SPLIT = "split"

    # why nothing is done
    NOTHING_NEW = "nothing_new"
    OLD_VERSION = "old_version"
    PENDING_DIGEST = "already_in_next_digest"
    SUPERSEDED = "superseded_before_sending"
    WITHDRAWN_UNSENT = "withdrawn_before_sending"
    REGION_ONLY = "left_one_region_only"
    MUTED = "muted_by_official"
    TOO_OLD = "too_old_at_first_look"
    OFFICIAL_SUSPENDED = "official_suspended"
    NO_CHANNEL = "no_channel_left"
    NOT_RENDERED = "cannot_be_rendered"
    FAILED = "decision_failed"

    # what became of an attempt
    INTENDED = "intended"
    SENT = "accepted_by_channel"
    IN_DIGEST = "in_digest"
    GONE = "recipient_gone"
    REJECTED = "message_rejected"
    MIGRATED = "chat_migrated"
    BAD_TOKEN = "channel_credentials_refused"  # noqa: S105 - a word, not a secret
    RATE_LIMITED = "rate_limited"
    NOT_CONNECTED = "never_connected"
    SERVER_BUSY = "refused_for_now"
    NO_ANSWER = "no_readable_answer"
    SERVER_ERROR = "server_error"
    CRASHED = "stopped_while_sending"
    RESUMED = "stopped_before_sending"
    GAVE_WAY = "urgent_ones_went_first"
    GAVE_UP = "gave_up"
    RELISTED = "listed_again"
    SECOND_COPY = "possibly_second_copy"
    BOUNCED = "bounced"

    # what a person said of an outcome that nobody could see
    SAID_ARRIVED = "said_to_have_arrived"
    SAID_NOT_ARRIVED = "said_not_to_have_arrived"
    SENT_AGAIN = "sent_again_by_a_person"
