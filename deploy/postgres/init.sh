#!/bin/bash
# A database and its owner for each store, at the first start; none may connect to another's.
set -euo pipefail
secrets=${SECRETS:-/run/secrets}
for service in ingest tagger notifier desk; do
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
        --set service="$service" --set password="$(cat "$secrets/$service-password")" <<'SQL'
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
done
