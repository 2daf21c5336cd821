#!/bin/sh
# Copies the database into the folder BACKUPS once a day, and keeps the latest KEEP_BACKUPS copies.
# A copy that fails is tried again after five minutes, and takes no other's place.
set -eu
umask 077
PGPASSWORD=$(cat "$PASSWORD_FILE")
export PGPASSWORD
DAY=1435 # minutes, and five for the pause

copy() {
    rm -f "$BACKUPS"/*.part
    name="$BACKUPS/shotcaller-$(date -u +%Y-%m-%dT%H%M%SZ)"
    if pg_dump --format=custom --file="$name.part" && mv "$name.part" "$name.dump"; then
        echo "copied to $name.dump"
        # Names of one length, in the order of their time.
        ls -1r "$BACKUPS"/*.dump | tail -n "+$((KEEP_BACKUPS + 1))" | xargs -r rm -f
    else
        echo "no copy was made" >&2
    fi
}

while true; do
    if [ -z "$(find "$BACKUPS" -name '*.dump' -mmin "-$DAY")" ]; then
        copy
    fi
    sleep 300
done
