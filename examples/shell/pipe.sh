#!/bin/sh
# A program whose output lines are a device: what it prints is kept until the hub has it, and a broken connection loses nothing of it.
#
#     pipe.sh 127.0.0.1 7070 load-1 JOIN-TOKEN
#
# Here the program is a loop; any that prints will do.
set -u
host=${1:?HOST} port=${2:?PORT} id=${3:?ID} token=${4:?TOKEN}

while read -r minute rest </proc/loadavg; do
  echo "load=$minute"
  sleep 1
done | glassline pipe --device "$id" --to "tcp://$host:$port" --token "$token" --describe '{"load":{"min":0,"every":1000}}'
