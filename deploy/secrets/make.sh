#!/bin/sh
# Makes the secrets that compose.yaml mounts, once: a file that exists is left alone.
# The folder is closed to others; the files in it must be readable by the containers' own users.
set -eu
folder=${1:-$(dirname "$0")}
mkdir -p "$folder"
chmod 0700 "$folder"
for name in postgres-password ingest-password tagger-password notifier-password desk-password grafana-password contact-key; do
    if [ ! -s "$folder/$name" ]; then
        head -c 32 /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_' >"$folder/$name"
        chmod 0444 "$folder/$name"
    fi
done
