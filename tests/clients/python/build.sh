# Read by run.sh.
readonly python_min=3.11

build_client() {
  needs python3
  local version
  version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  needs_version python3 "$version" "$python_min"
  copy_example python
  local venv=$work/python-venv
  # Made anew when the interpreter or the lock file has changed.
  local stamp
  stamp="$(python3 -VV) $(cksum <"$example/requirements.txt")"
  if [ "$(cat "$venv/made-of" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" || skip "python3 cannot make a venv"
    fetch "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: \
      -r "$example/requirements.txt"
    echo "$stamp" >"$venv/made-of"
  fi
  export PYTHONDONTWRITEBYTECODE=1 RUFF_NO_CACHE=true
  "$venv/bin/ruff" format --check --quiet "$root/examples/python" "$here"
  "$venv/bin/ruff" check --quiet "$root/examples/python" "$here"

  cd "$example"
  PATH=$venv/bin:$PATH ./generate.sh
  export PYTHONPATH=$example
  example_command=("$venv/bin/python" create_sessions.py)
  scenarios_command=("$venv/bin/python" "$here/python/client.py")
}
