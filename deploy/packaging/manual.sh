#!/bin/sh
# Fills the lists of a manual page's template from their sources, so that no page can fall behind them.
#
#   manual.sh TEMPLATE PROGRAM CONFIGURATION.md >page
#
# %DATE% becomes the day of the newest release in CHANGELOG.md. A line of the template that is
#   %OPTIONS%    becomes the flags of PROGRAM, as its --help has them
#   %COMMANDS%   becomes its subcommands with their flags
#   %EXIT%       becomes its exit codes, as --help ends with them
#   %KEYS%       becomes the keys of the configuration, as the tables of CONFIGURATION.md have them
set -eu

[ $# -eq 3 ] || { echo "usage: $0 TEMPLATE PROGRAM CONFIGURATION.md" >&2; exit 2; }
template=$1 program=$2 configuration=$3
changes=$(dirname "$0")/../../CHANGELOG.md
released=$(LC_ALL=C date -u -d "$(sed -n 's/^## \[[0-9.]*\] - //p' "$changes" | head -n 1)" '+%B %-d, %Y')

# What every awk below begins with: text that mdoc takes as text.
escape='
  function plain(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.\047]/) text = "\\&" text
    return text
  }
  # Words behind a macro: none of them is a macro itself.
  function words(text) {
    gsub(/[^ ]+/, "\\\\\\&&", text)
    return text
  }'

options() {
  awk "$escape"'
    function flush() {
      if (head == "") return
      print head
      if (text != "") print plain(text)
      head = text = ""
    }
    BEGIN { print ".Bl -tag -width Ds" }
    /^[^ ]/ { flush(); other = ($0 ~ /^(Subcommands|Positionals):/) }
    other { next }
    /^  -/ {
      flush()
      line = substr($0, 3)
      sub(/ REQUIRED /, " REQUIRED  ", line)
      at = match(line, /  +/)
      names = at ? substr(line, 1, at - 1) : line
      text = at ? substr(line, at + RLENGTH) : ""
      type = names
      if (sub(/^[^ ]+ */, "", type) == 0) type = ""
      sub(/ .*/, "", names)
      count = split(names, name, ",")
      head = ".It"
      for (i = 1; i <= count; ++i) head = head (i > 1 ? " , " : " ") "Fl " substr(name[i], 2)
      if (type != "") head = head " Ar " words(plain(type))
      next
    }
    /^   / && head != "" { line = $0; sub(/^ +/, "", line); text = text (text == "" ? "" : " ") line }
    END { flush(); print ".El" }'
}

exit_codes() {
  awk "$escape"'
    /^Exit code:/ {
      on = 1
      sub(/^Exit code: */, "")
      if ($0 != "") print plain($0)
      next
    }
    on && /^  [0-9]/ {
      if (!open) { print ".Bl -tag -width Ds"; open = 1 }
      print ".It " $1
      sub(/^ *[0-9]+ +/, "")
      print plain($0)
      next
    }
    /^[^ ]/ { on = 0 }
    END { if (open) print ".El" }'
}

subcommands() {
  awk '/^[^ ]/ { on = ($0 ~ /^Subcommands:/) } on && /^  [^ ]/ { print $1 }'
}

commands() {
  for command in $("$program" --help | subcommands); do
    printf '.Ss %s\n' "$command"
    "$program" "$command" --help | sed -n 1p
    "$program" "$command" --help | options
  done
}

keys() {
  awk -F ' [|] ' "$escape"'
    function marked(text) {
      text = plain(text)
      while (match(text, /`[^`]*`/)) {
        text = substr(text, 1, RSTART - 1) "\\fB" substr(text, RSTART + 1, RLENGTH - 2) "\\fR" substr(text, RSTART + RLENGTH)
      }
      gsub(/[.] +/, ".\n", text)  # mdoc wants each sentence on a line of its own
      return text
    }
    /^## / { title = substr($0, 4) }
    /^[|] Key [|]/ { in_keys = 1 }
    /^$/ { if (open) print ".El"; in_keys = open = 0 }
    in_keys && /^[|] `/ && $2 != "refused" {
      if (!open) { print ".Ss " title; print ".Bl -tag -width Ds"; open = 1 }
      key = $1
      gsub(/[|` ]/, "", key)
      example = $6
      sub(/ [|]$/, "", example)
      print ".It Cm " words(plain(key))
      print marked($5 ".")
      print ".br"
      print marked("Type: " $2 ". Default: " $3 ". Range: " $4 ".")
      if (example != "none") { print ".br"; print marked("Example: " example) }
    }
    END { if (open) print ".El" }' "$configuration"
}

while IFS= read -r line; do
  case $line in
    %OPTIONS%) "$program" --help | options ;;
    %COMMANDS%) commands ;;
    %EXIT%) "$program" --help | exit_codes ;;
    %KEYS%) keys ;;
    '.Dd %DATE%') printf '.Dd %s\n' "$released" ;;
    *) printf '%s\n' "$line" ;;
  esac
done <"$template"
