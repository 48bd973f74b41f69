#!/usr/bin/env bash
# Gets codes for a fan with kcat: reserve, wait for the result, assign, wait again. A second run with the same order
# gets the same results, and no code moves twice. Exit code 1: refused; 2: no result, or Kafka is unavailable.
#
#   docs/examples/upstream.sh ORDER CAMPAIGN FAN [QUANTITY]
set -euo pipefail

order=${1:?an order} campaign=${2:?a campaign} fan=${3:?a fan} quantity=${4:-1}
broker=${CODES_KAFKA__BOOTSTRAP_SERVERS:-127.0.0.1:9092}
prefix=${CODES_TOPICS__PREFIX:-codes.}
since=$((($(date +%s) - 60) * 1000)) # where to start reading results; a minute ago, because clocks differ

# send TOPIC VALUE: sends one record. The key is the fan, never the campaign: a whole sale would be in one partition.
send() {
  printf '%s\n' "$2" | kcat -P -q -b "$broker" -t "$prefix$1" -k "$fan" -X enable.idempotence=true \
    -H "traceparent=00-$(random 32)-$(random 16)-01"
}

# random LENGTH: prints hex digits. A real program takes the trace context from its tracing library.
random() { od -An -N "$(($1 / 2))" -tx1 /dev/urandom | tr -d ' \n'; }

# results REQUEST_ID: prints its results so far as JSON, one per line: one for each time it was sent.
results() {
  kcat -C -q -e -b "$broker" -t "${prefix}results.v1" -o "s@$since" -X isolation.level=read_committed -f '%s\n' |
    awk -v mark="\"request_id\":\"$1\"" 'index($0, mark)'
}

# ask TOPIC REQUEST_ID VALUE: sends the request, and waits for the result. After a timeout it is unknown whether the
# request was decided. So it is sent again under the same id: a repeat gets the result of the first one.
ask() {
  local before found
  before=$(results "$2" | wc -l) || fail "cannot read ${prefix}results.v1 at $broker"
  for _ in 1 2 3; do
    send "$1" "$3" || fail "cannot send to $prefix$1 at $broker"
    for _ in {1..20}; do
      found=$(results "$2" | tail -n "+$((before + 1))") || fail "cannot read ${prefix}results.v1 at $broker"
      if [ -n "$found" ]; then
        tail -n 1 <<<"$found"
        return
      fi
      sleep 1
    done
  done
  fail "no result for $2"
}

fail() {
  echo "$1" >&2
  exit 2
}

# field NAME JSON: prints a text field; nothing if it is null.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$2"; }

# show JSON: prints a result on one line. It has the codes' ids, never their values. Fails if it is a refusal.
show() {
  local ids
  ids=$(sed -n 's/.*"code_ids":\[\([^]]*\)\].*/\1/p' <<<"$1" | tr -d '"' | tr ',' ' ')
  echo "$(field request_id "$1") $(field outcome "$1") $(field reason "$1")$ids"
  [ "$(field outcome "$1")" != refused ]
}

id="order-$order.reserve"
reserved=$(ask reserve.requests.v1 "$id" \
  "{\"request_id\":\"$id\",\"campaign_id\":\"$campaign\",\"fan_id\":\"$fan\",\"quantity\":$quantity,\"ttl_s\":900}")
show "$reserved"

id="order-$order.assign" # the fan pays at this point
assigned=$(ask assign.requests.v1 "$id" \
  "{\"request_id\":\"$id\",\"campaign_id\":\"$campaign\",\"fan_id\":\"$fan\",\"reservation_id\":\"$(field reservation_id "$reserved")\"}")
show "$assigned"
