#!/bin/sh
# As the image's own: the data belongs to mongodb, and the program runs as it.
set -eu
if [ "$(id -u)" = 0 ]; then
  chown mongodb /data/db
  exec setpriv --reuid=mongodb --regid=mongodb --clear-groups "$0" "$@"
fi
exec "$@"
