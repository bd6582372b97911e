# Read by run.sh.
readonly go_min=1.19

build_client() {
  needs go protoc
  # A newer toolchain is never fetched for it, and what the user has set for other work is not used.
  export GOTOOLCHAIN=local GOFLAGS=-buildvcs=false GOWORK=off
  go_version=$(go env GOVERSION)
  go_version=${go_version#go}
  needs_version go "$go_version" "$go_min"
  copy_example go
  cp -R "$here/go" "$example/scenarios"
  rm "$example/scenarios/build.sh"
  cd "$example"
  local unformatted
  unformatted=$(gofmt -l .)
  [ -z "$unformatted" ] || { echo "gofmt: $unformatted"; exit 1; }
  fetch go mod download
  go generate .
  go vet ./...
  go build -o bin/ . ./scenarios
  example_command=("$example/bin/create-sessions")
  scenarios_command=("$example/bin/scenarios")
}

# The release of staticcheck that a release of Go can build. Between the two there is go vet.
check_client() {
  local release=
  if not_below "$go_version" 1.25; then
    release=v0.7.0
  elif ! not_below "$go_version" 1.22; then
    release=v0.4.7
  else
    return 0
  fi
  if [ ! -x "$work/staticcheck/$release/staticcheck" ]; then
    GOBIN=$work/staticcheck/$release fetch go install "honnef.co/go/tools/cmd/staticcheck@$release"
  fi
  "$work/staticcheck/$release/staticcheck" ./...
}
