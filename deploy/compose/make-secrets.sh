#!/bin/sh
# Makes the secrets of docker-compose.yml in deploy/compose/secrets, once: what is there stays.
# Needs openssl, and htpasswd (Debian: apache2-utils) or Docker.
set -eu
cd "$(dirname "$0")"
# The directory is closed and the files are readable: containers read them, each mounted by itself, as other users.
chmod 700 secrets
umask 022

write() {
  [ -s "secrets/$1" ] || printf '%s\n' "$2" >"secrets/$1"
}

password() {
  openssl rand -hex 24
}

bcrypt() {
  if command -v htpasswd >/dev/null; then htpasswd -niB "$1"; else docker run --rm -i httpd:2 htpasswd -niB "$1"; fi
}

write admin_key "sxt_$(password)"
write postgres_password "$(password)"
write database_url "postgres://sexton:$(cat secrets/postgres_password)@postgres:5432/sexton"
write redis_auth "requirepass $(password)"
write redis_url "redis://default:$(sed 's/requirepass //' secrets/redis_auth)@redis:6379"
write registry_password "$(password)"
[ -s secrets/registry_htpasswd ] || bcrypt sexton <secrets/registry_password >secrets/registry_htpasswd
