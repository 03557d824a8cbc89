# Runs cells of bash in this shell. Requests are fields that end in NUL on descriptor $1, events lines of JSON on $2.
exec {wrenn_requests}<&"$1" {wrenn_events}>&"$2"
eval "exec $1<&- $2>&-"
set --
# What runs in the foreground ends by it, and the shell goes on.
trap : INT

wrenn_field() { IFS= read -r -d '' "$1" <&"$wrenn_requests"; }

# Reads variables to be set from now on; a value without its `=` is one to remove.
wrenn_read_lasting() {
  local count name value
  wrenn_field count || exit
  while ((count-- > 0)); do
    wrenn_field name && wrenn_field value || exit
    if [[ $value == =* ]]; then export -- "$name=${value#=}"; else unset -v "$name"; fi
  done 2>/dev/null
}

# Reads the cell's own, and keeps in wrenn_before what was there.
wrenn_read_env() {
  local count name value
  wrenn_before=()
  wrenn_field count || exit
  while ((count-- > 0)); do
    wrenn_field name && wrenn_field value || exit
    if [[ -v $name ]]; then wrenn_before+=("$name" "=${!name}"); else wrenn_before+=("$name" ''); fi
    export -- "$name=$value"
  done 2>/dev/null
}

wrenn_restore_env() {
  local at name value
  for ((at = 0; at < ${#wrenn_before[@]}; at += 2)); do
    name=${wrenn_before[at]} value=${wrenn_before[at + 1]}
    if [[ $value == =* ]]; then export -- "$name=${value#=}"; else unset -v "$name"; fi
  done 2>/dev/null
}

wrenn_tell() { printf '%s\n' "$1" >&"$wrenn_events"; }

wrenn_tell '{"type":"ready"}'
while wrenn_read_lasting && wrenn_read_env && wrenn_field wrenn_code; do
  eval "$wrenn_code"
  wrenn_status=$?
  wrenn_restore_env
  if ((wrenn_status != 0)); then
    wrenn_tell '{"type":"error","name":"ExitStatus","value":"'"$wrenn_status"'","traceback":""}'
  fi
  wrenn_tell '{"type":"end"}'
done
