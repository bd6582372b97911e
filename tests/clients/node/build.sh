# Read by run.sh.
readonly node_min=18.19

build_client() {
  needs node npm protoc
  local version
  version=$(node --version)
  needs_version node "${version#v}" "$node_min"
  local modules=$work/node-modules
  copy_example node
  cp -R "$here/node" "$example/src/scenarios"
  rm "$example/src/scenarios/build.sh"
  cd "$example"
  # Fetched anew when node or the lock file has changed.
  local stamp
  stamp="$version $(cksum <package-lock.json)"
  if [ "$(cat "$modules/made-of" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$modules"
    mkdir -p "$modules"
    fetch npm ci --no-audit --no-fund --ignore-scripts
    mv node_modules "$modules/"
    echo "$stamp" >"$modules/made-of"
  fi
  ln -s "$modules/node_modules" node_modules
  npm run --silent generate
  npm run --silent build
  npm run --silent lint
  example_command=(node "$example/dist/create-sessions.js")
  scenarios_command=(node "$example/dist/scenarios/main.js")
}
