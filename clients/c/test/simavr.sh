#!/bin/sh
# Runs test/avr.c in the simulator and looks at what it says.
said=$(timeout 60 simavr -m atmega328p -f 16000000 "$1" 2>&1)
echo "$said" | sed 's/\x1b\[[0-9;]*m//g'
case $said in
  *'"went_well","value":true'*) echo "it went well on the simulated machine" ;;
  *) echo "it did not go well on the simulated machine" && exit 1 ;;
esac
