(
  echo '{"identify":"shell-1","token":"TOKEN"}'
  echo '{"describe":{"level":{"unit":"%","min":0,"max":100}}}'
  level=0
  while echo "{\"level\":$level}"; do
    level=$(( (level + 7) % 101 ))
    sleep 1
  done
) | nc HOST PORT
