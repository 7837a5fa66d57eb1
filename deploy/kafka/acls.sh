#!/bin/sh
# Who may read and write which topic, on a Kafka with an authorizer and SASL users.
#   acls.sh services                    the users ingest, tagger and notifier
#   acls.sh reader NAME REGION...       another system: acls.sh reader police-kupang id-nt
#   acls.sh operator NAME               who runs siaga topics, dead, backup and restore
# KAFKA_ACLS_CONFIG names a file with the administrator's own login.
# Raw text is on `stories` and `dead`: nobody but ingest, tagger and the operator may ever read those.
set -eu
: "${KAFKA_ACLS:=/opt/kafka/bin/kafka-acls.sh}"
: "${BOOTSTRAP:=localhost:9092}"

allow() {
    user=$1
    shift
    "$KAFKA_ACLS" --bootstrap-server "$BOOTSTRAP" ${KAFKA_ACLS_CONFIG:+--command-config "$KAFKA_ACLS_CONFIG"} \
        --add --allow-principal "User:$user" "$@"
}

may_read() {
    user=$1
    shift
    for topic in "$@"; do
        allow "$user" --operation Read --operation Describe --topic "$topic"
    done
}

may_write() {
    user=$1
    shift
    for topic in "$@"; do
        allow "$user" --operation Write --operation Describe --topic "$topic"
    done
}

case ${1:-} in
services)
    allow ingest --operation Read --group siaga-ingest --resource-pattern-type prefixed
    may_read ingest stories.tagged
    may_write ingest stories sources dead

    allow tagger --operation Read --group siaga-tagger --resource-pattern-type prefixed
    # alerts: a lost store is read back from what was told
    may_read tagger stories stories.tagged alerts
    may_write tagger stories.tagged alerts dead
    # A region's topic comes into being with its first alert.
    allow tagger --operation Create --operation Write --operation Describe \
        --topic alerts. --resource-pattern-type prefixed

    allow notifier --operation Read --group siaga-notifier --resource-pattern-type prefixed
    may_read notifier alerts stories.tagged sources deliveries
    # alerts: a synthetic one every 15 minutes, in the region ZZ, to see that the whole way works
    may_write notifier deliveries dead alerts
    ;;
reader)
    [ $# -ge 3 ] || { echo "usage: acls.sh reader NAME REGION..." >&2; exit 2; }
    name=$2
    shift 2
    allow "$name" --operation Read --group "$name-" --resource-pattern-type prefixed
    for region in "$@"; do
        case $region in
        *[!a-z0-9-]* | '') echo "acls.sh: '$region' is no region: ISO 3166 in lower case, as id-nt or id" >&2; exit 2 ;;
        esac
        # Literal: as a prefix alerts.id-n would match three provinces, alerts.id a whole country.
        may_read "$name" "alerts.$region"
    done
    ;;
operator)
    [ $# -eq 2 ] || { echo "usage: acls.sh operator NAME" >&2; exit 2; }
    for topic in stories sources stories.tagged alerts deliveries dead; do
        allow "$2" --operation All --topic "$topic"
    done
    allow "$2" --operation All --group siaga- --resource-pattern-type prefixed
    ;;
*)
    echo "usage: acls.sh services | acls.sh reader NAME REGION... | acls.sh operator NAME" >&2
    exit 2
    ;;
esac
