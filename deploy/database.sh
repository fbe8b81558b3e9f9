#!/bin/bash
# Run by the image of PostgreSQL when its volume is new: the program's role and database, and the role that reads.
set -eu

# psql reads the passwords from their files itself, so that they stand in no list of processes.
psql --quiet --no-psqlrc -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set caruna_password `cat "${SECRETS:-/secrets}/database/caruna"`
CREATE ROLE caruna LOGIN PASSWORD :'caruna_password';
CREATE DATABASE energy OWNER caruna;
REVOKE CONNECT, TEMPORARY ON DATABASE energy FROM PUBLIC;
SQL

psql --quiet --no-psqlrc -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname energy <<'SQL'
\set reader_password `cat "${SECRETS:-/secrets}/database/reader"`
\set roles `printf '%s' "${ROLES:-/roles}"`/energy_reader.sql
\i :roles
ALTER ROLE energy_reader PASSWORD :'reader_password';
SQL
