#!/bin/bash
# A database and its owner for each store; none may connect to another's.  At the first start, and again after databases
# were dropped for a restore: what is there is left alone, but for the owners' passwords.
set -euo pipefail
secrets=${SECRETS:-/run/secrets}
for service in ingest tagger notifier desk; do
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
        --set service="$service" --set password="$(cat "$secrets/$service-password")" <<'SQL'
SELECT format('CREATE ROLE %I', :'service')
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'service') \gexec
ALTER ROLE :"service" LOGIN PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'service', :'service')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'service') \gexec
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
done
