#!/bin/sh
# Makes the secrets of the compose stack, and a certificate that signs itself, for a trial.
#
#   make-secrets.sh [DIRECTORY [NAME…]]
#
# DIRECTORY is `secrets` beside this file unless it is given, and must not be there yet. The certificate is for
# localhost and for each NAME. It needs openssl.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
directory=${1:-$here/secrets}
[ $# -eq 0 ] || shift

if [ -e "$directory" ]; then
    echo "$directory is there already: a new password would not open the database that the old one made" >&2
    exit 1
fi

names="DNS:localhost,IP:127.0.0.1,IP:::1"
for name in "$@"; do
    names="$names,DNS:$name"
done

# Containers see the files with the owner and the mode that they have here, and read them as users whose numbers
# nobody has here: so each file is readable, and the directory is closed.
mkdir -p "$directory"
chmod 0700 "$directory"
umask 0222

password=$(openssl rand -hex 24)
printf '%s\n' "$password" > "$directory/postgres_password"
printf 'postgresql://scim:%s@postgres:5432/scim?sslmode=disable\n' "$password" > "$directory/database_url"
openssl rand -hex 32 > "$directory/scim_shared_secret"
openssl rand -base64 32 > "$directory/encryption_key"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=localhost \
    -addext "subjectAltName=$names" -addext "extendedKeyUsage=serverAuth" \
    -keyout "$directory/tls.key" -out "$directory/tls.crt" 2> /dev/null
# openssl closes a key to all but its owner.
chmod 0444 "$directory/tls.key" "$directory/tls.crt"

echo "made $directory"
