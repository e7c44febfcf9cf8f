# Sourced by bench.sh: finds workloads and streams in the folders that are its arguments, for callgate-bench: selection=(--workload
# NAME=FILE… --stream FILE…). Streams that are compressed are unpacked into a folder that goes away in the end.

# add_chain NAME FILE…
add_chain() {
  local name=$1
  shift
  [[ "$*" != *,* ]] || { echo "bench: a comma in a file's name: $*" >&2; exit 2; }
  selection+=(--workload "$name=$(IFS=,; echo "$*")")
}

unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
for folder; do
  [[ -d $folder ]] || { echo "bench: $folder: is no folder" >&2; exit 2; }
  shopt -s nullglob
  files=("${folder%/}"/*)
  shopt -u nullglob
  for file in "${files[@]}"; do
    name=${file##*/}
    case $name in
      *.records | *.calls) selection+=(--stream "$file") ;;
      *.records.xz | *.calls.xz)
        command -v xz >/dev/null || { echo "bench: $file is left out: xz is not installed" >&2; continue; }
        xz -dc "$file" >"$unpacked/${name%.xz}"
        selection+=(--stream "$unpacked/${name%.xz}")
        ;;
      *.bpf | *.ddd | *.hex | *.c | *.asm | *.txt | *.json)
        stem=${name%.*} ending=${name##*.}
        base=${stem%-*} number=${stem##*-}
        if [[ $stem == *-* && $number =~ ^[0-9]+$ && -e ${folder%/}/$base-0.$ending ]]; then
          [[ $number == 0 ]] || continue  # it comes with the first of its chain
          chain=()
          while [[ -e ${folder%/}/$base-${#chain[@]}.$ending ]]; do chain+=("${folder%/}/$base-${#chain[@]}.$ending"); done
          all=("${folder%/}/$base"-[0-9]*."$ending")
          ((${#all[@]} == ${#chain[@]})) || { echo "bench: ${folder%/}/$base-${#chain[@]}.$ending is missing" >&2; exit 2; }
          add_chain "$base" "${chain[@]}"
        else
          add_chain "$stem" "$file"
        fi
        ;;
      *) echo "bench: $file is left out: neither a filter nor a stream by its name" >&2 ;;
    esac
  done
done
[[ " ${selection[*]} " == *" --workload "* ]] || { echo "bench: no filter in $*" >&2; exit 2; }
