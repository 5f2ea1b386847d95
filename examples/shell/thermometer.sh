#!/bin/sh
# A thermometer with a fan out of printf and nc: a plain device. Nothing it says is numbered, so what is under way when the connection
# breaks is lost; a device that must lose nothing takes one of the libraries in clients/.
#
#     thermometer.sh 127.0.0.1 7070 shell-1 JOIN-TOKEN
#
# It ends when the connection does. To come back:  while true; do thermometer.sh …; sleep 5; done
set -u
host=${1:?HOST} port=${2:?PORT} id=${3:?ID} token=${4:?TOKEN}

folder=$(mktemp -d)
mkfifo "$folder/say"
echo false >"$folder/fan"
# Open for reading too, so that it stays open whoever comes and goes.
exec 3<>"$folder/say"
trap 'kill "$listening" 2>/dev/null; rm -rf "$folder"' EXIT
trap exit INT TERM

# A member of a line that has one: {"command":13,"channel":"fan","value":true,"ttl":5000}
member() { printf '%s' "$1" | sed -n "s/.*\"$2\":\([^,}]*\).*/\1/p"; }

# What the hub says. A command is answered once it is done.
listen() {
  while read -r line; do
    case $line in
      '{"command":'*)
        if [ "$(member "$line" channel)" = '"fan"' ]; then
          member "$line" value >"$folder/fan"
          printf '{"result":%s,"ok":true}\n' "$(member "$line" command)" >&3
        else
          printf '{"result":%s,"ok":false,"reason":"there is only a fan"}\n' "$(member "$line" command)" >&3
        fi ;;
      '{"error":'* | '{"bye":'*) echo "$line" >&2 ;;
    esac
  done
}
nc "$host" "$port" <"$folder/say" | listen &
listening=$!

printf '{"identify":"%s","token":"%s"}\n' "$id" "$token" >&3
printf '{"describe":{"temperature":{"unit":"°C","min":0,"max":50,"every":1000},"fan":{"input":"switch"}}}\n' >&3
tenths=200
while kill -0 "$listening" 2>/dev/null; do
  if [ "$(cat "$folder/fan")" = true ]; then tenths=$((tenths - 4)); else tenths=$((tenths + 2)); fi
  printf '{"temperature":%d.%d}\n' $((tenths / 10)) $((tenths % 10)) >&3
  sleep 1
done
