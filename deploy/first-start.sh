#!/bin/sh
# Makes the passwords of compose.yaml, once, and hands each service its own: a file that this service alone may read.
# Runs before everything else at every `docker compose up`; what is there already stays as it is.
set -eu
umask 077

secrets=${SECRETS:-/secrets}
settings=${SETTINGS:-/settings/.env}
# The users that the images run as: postgres, node, grafana.
database=${DATABASE_USER:-999:999}
caruna=${CARUNA_USER_ID:-1000:1000}
grafana=${GRAFANA_USER:-472:0}

# Makes a password of 48 hexadecimal digits, where there is none yet. Moved into place whole, so that a start that was cut
# off leaves no half of one.
make_password() {
  if [ ! -s "$secrets/made/$1" ]; then
    head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$secrets/made/$1.new"
    mv "$secrets/made/$1.new" "$secrets/made/$1"
  fi
}

# hand_out FILE OWNER PLACE
hand_out() {
  cp "$1" "$secrets/$3.new"
  chmod 400 "$secrets/$3.new"
  chown "$2" "$secrets/$3.new"
  mv -f "$secrets/$3.new" "$secrets/$3"
}

mkdir -p "$secrets/made" "$secrets/database" "$secrets/caruna" "$secrets/grafana"
# To be walked through, not to be listed: the files have owners of their own.
chmod 711 "$secrets" "$secrets/database" "$secrets/caruna" "$secrets/grafana"

for name in database_superuser database_caruna database_reader grafana_admin http_token; do
  make_password "$name"
done

hand_out "$secrets/made/database_superuser" "$database" database/superuser
hand_out "$secrets/made/database_caruna" "$database" database/caruna
hand_out "$secrets/made/database_reader" "$database" database/reader
hand_out "$secrets/made/database_caruna" "$caruna" caruna/database
hand_out "$secrets/made/http_token" "$caruna" caruna/http_token
hand_out "$secrets/made/database_reader" "$grafana" grafana/reader
hand_out "$secrets/made/grafana_admin" "$grafana" grafana/admin

# The program reads .env by its own rules of quoting; Compose would put variables in place of $NAME in a password.
if [ ! -f "$settings" ]; then
  echo "There is no .env beside compose.yaml: copy .env.example to .env and fill in CARUNA_USER and CARUNA_PASSWORD." >&2
  exit 1
fi
hand_out "$settings" "$caruna" caruna/.env
echo "The passwords are in place."
