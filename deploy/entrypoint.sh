#!/bin/sh
# Hands the database password from its file to libpq, so that it stands in no URL and no container description.
set -eu
if [ -n "${PGPASSWORD_FILE:-}" ]; then
    PGPASSWORD=$(cat "$PGPASSWORD_FILE")
    export PGPASSWORD
fi
exec "$@"
