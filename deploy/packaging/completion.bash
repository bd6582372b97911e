# Completion of session-gateway and session-gateway-client in bash. It knows no flag: each is asked of the program's own
# --help, so none can be missing or out of date.

# Lines of --help on standard input as `flag TYPE`, and `command NAME` for each subcommand.
_session_gateway_words() {
  awk '
    /^[^ ]/ { commands = ($0 ~ /^Subcommands:/) }
    /^  [^ ]/ {
      text = substr($0, 3)
      sub(/  .*/, "", text)
      count = split(text, word, " ")
      if (commands) { print "command", word[1]; next }
      if (word[1] !~ /^-/) next
      type = ""
      for (i = 2; i <= count && word[i] != "REQUIRED"; ++i) type = type (type == "" ? "" : " ") word[i]
      names = split(word[1], name, ",")
      for (i = 1; i <= names; ++i) print name[i], type
    }'
}

_session_gateway() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} help i type
  # "=" is a word of its own here.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = && $COMP_CWORD -ge 2 ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  local - IFS=$'\n' # a file's name may have spaces
  set -f            # and stars
  COMPREPLY=()
  help=$("$1" --help 2>/dev/null | _session_gateway_words)
  for ((i = 1; i < COMP_CWORD; ++i)); do
    if grep -qxF -- "command ${COMP_WORDS[i]}" <<<"$help"; then
      # The program's own flags may stand behind a command too.
      help=$("$1" "${COMP_WORDS[i]}" --help 2>/dev/null | _session_gateway_words; grep '^-' <<<"$help")
      break
    fi
  done
  if [[ $previous == -* ]]; then
    type=$(awk -v flag="$previous" '$1 == flag { sub(/^[^ ]* ?/, ""); print; exit }' <<<"$help")
    case $type in
      '') ;;
      *'{'*'}'*)
        type=${type#*\{}
        type=${type%%\}*}
        COMPREPLY=($(compgen -W "${type//,/$'\n'}" -- "$current"))
        return
        ;;
      *FILE* | *PATH* | *PREFIX* | *DIR*)
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "$current"))
        return
        ;;
      *) return ;;
    esac
  fi
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$(awk '$1 ~ /^-/ { print $1 }' <<<"$help")" -- "$current"))
  else
    COMPREPLY=($(compgen -W "$(awk '$1 == "command" { print $2 }' <<<"$help")" -- "$current"))
    [[ ${#COMPREPLY[@]} -gt 0 || -n $current ]] ||
      COMPREPLY=($(compgen -W "$(awk '$1 ~ /^--/ { print $1 }' <<<"$help")"))
  fi
}

complete -F _session_gateway session-gateway session-gateway-client
