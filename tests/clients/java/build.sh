# Read by run.sh.
readonly java_min=17

build_client() {
  needs java javac mvn
  local version
  version=$(javac -version 2>&1)
  needs_version javac "${version#javac }" "$java_min"
  copy_example java
  # The scenarios are the example's tests, built with what the example needs.
  mkdir -p "$example/src/test/java"
  cp -R "$here/java/scenarios" "$example/src/test/java/"
  cd "$example"
  build_with_maven test-compile fmt:check checkstyle:check
  example_command=(java -cp "$example/target/classes:$example/target/lib/*" example.CreateSessions)
  scenarios_command=(java -cp "$example/target/classes:$example/target/test-classes:$example/target/lib/*"
    scenarios.Main)
}

# Maven fetches while it builds, so its words tell a registry that does not answer from code that does not compile.
build_with_maven() {
  local log=$work/java-build.log attempt
  for attempt in 1 2; do
    mvn --batch-mode --no-transfer-progress "$@" >"$log" 2>&1 && return 0
    grep -qE 'Could not (transfer|resolve|find) |was not found in |ResolutionException' "$log" || break
    [ "$attempt" -eq 1 ] || skip "its packages cannot be fetched"
  done
  tail -n 40 "$log"
  exit 1
}
