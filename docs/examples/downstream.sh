#!/usr/bin/env bash
# Stores assigned codes, with kcat: all events of `assigned.v1` since the last run, each once. Run it periodically
# (cron), one run at a time: the folder holds the offsets.
#
#   docs/examples/downstream.sh FOLDER
set -euo pipefail
umask 077 # the codes are secrets

folder=${1:?a folder to keep codes in}
broker=${CODES_KAFKA__BOOTSTRAP_SERVERS:-127.0.0.1:9092}
topic=${CODES_TOPICS__PREFIX:-codes.}assigned.v1
mkdir -p "$folder/codes"

# put FILE TEXT: writes the whole file or nothing, even if the script is killed.
put() {
  printf '%s\n' "$2" >"$1.new"
  mv "$1.new" "$1"
}

# field NAME JSON: prints a text field.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$2"; }

# keep EVENT: writes one file per event, named by the code's id. A code is assigned once, so its id identifies an event
# that comes again, as its `ce_id` does. The code's value goes into the file, and is never printed.
keep() {
  local id word=known
  id=$(field code_id "$1")
  if [ ! -e "$folder/codes/$id.json" ]; then
    put "$folder/codes/$id.json" "$1"
    word=kept
  fi
  echo "$word fan=$(field fan_id "$1") code_id=$id"
}

# read_on PARTITION: reads from the end of the last run to the end of the partition. The next offset is written after
# the event is stored: a run that is killed between the two reads the same event again.
read_on() {
  local next=beginning offset event
  [ ! -e "$folder/next.$1" ] || next=$(cat "$folder/next.$1")
  kcat -C -q -e -b "$broker" -t "$topic" -p "$1" -o "$next" -f '%o\t%s\n' \
    -X isolation.level=read_committed -X auto.offset.reset=earliest |
    while IFS=$'\t' read -r offset event; do
      keep "$event"
      put "$folder/next.$1" "$((offset + 1))"
    done
}

partitions=$(kcat -L -b "$broker" -t "$topic" | sed -n 's/^ *partition \([0-9]*\), leader.*/\1/p')
[ -n "$partitions" ] || { echo "no topic $topic at $broker" >&2 && exit 1; }
for partition in $partitions; do
  read_on "$partition"
done
