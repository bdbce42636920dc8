#!/bin/sh
# Secrets as files: NAME_FILE=/run/secrets/name becomes NAME, for the variables of Sexton that hold secrets. Then this
# process becomes the command, so that signals reach it.
set -eu

fail() {
  echo "sexton: $1" >&2
  exit 78
}

for name in DATABASE_URL REDIS_URL SEXTON_ADMIN_KEY; do
  eval "file=\${${name}_FILE:-} value=\${${name}:-}"
  [ -n "$file" ] || continue
  [ -z "$value" ] || fail "both $name and ${name}_FILE are set; set one of them"
  [ -r "$file" ] || fail "${name}_FILE: the file $file cannot be read"
  value=$(cat "$file")
  [ -n "$value" ] || fail "${name}_FILE: the file $file is empty"
  export "$name=$value"
  unset "${name}_FILE"
done

exec "$@"
