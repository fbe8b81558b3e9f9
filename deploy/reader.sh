#!/bin/sh
# Waits until the program has made its tables, and lets Grafana's role read them. Runs at every `docker compose up`, since
# an update may bring new ones. The connection is told by PGHOST, PGDATABASE and PGUSER.
set -eu

PGPASSWORD=$(cat "${SECRETS:-/secrets}/caruna/database")
export PGPASSWORD PGCONNECT_TIMEOUT=5
sql=${SQL:-/sql}

newest=$(cd "$sql" && ls | sed -n 's/^0*\([0-9][0-9]*\)_.*\.sql$/\1/p' | sort -n | tail -n 1)
tries=${TRIES:-150}
until [ "$(psql --no-psqlrc -Atc 'SELECT max(number) FROM caruna_integration_migration' 2>/dev/null)" -ge "$newest" ] 2>/dev/null; do
  tries=$((tries - 1))
  if [ "$tries" -le 0 ]; then
    echo "The program has not made its tables: see what it says with 'docker compose logs caruna', then 'docker compose up -d'." >&2
    exit 1
  fi
  sleep 2
done

psql --quiet --no-psqlrc -v ON_ERROR_STOP=1 -f "$sql/roles/energy_reader.sql"
echo "Grafana may read the tables."
