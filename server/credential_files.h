// The files that hold credentials, and what to do when they change: a set of files is read as one, and its
// owner is handed the contents again whenever any of them differs.
//
// New contents that the owner refuses (a key that does not fit its certificate, half of a replacement) leave
// the old ones in force and are tried again at the next change. Bounds: kCredentialBytesMax a file.
//
// Thread rule: loop thread, but for Add, which is called before the loop runs. Never here: what a file means,
// its contents in a report.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/event_loop.h"
#include "server/secret.h"

namespace session_gateway {

inline constexpr std::size_t kCredentialBytesMax = 1024 * 1024;

class CredentialFiles {
 public:
  // In the order of the paths. Nothing when the contents are in force from now on, else why they cannot be.
  using Accept = std::function<std::optional<std::string>(const std::vector<Secret>& contents)>;
  // A set whose files changed: `problem` says why they were not taken; then the old contents are in force.
  // The same problem is reported once. Nothing is said too when files that were not readable are there again
  // as they were.
  using Report = std::function<void(std::string_view set, const std::optional<std::string>& problem)>;

  CredentialFiles(Loop& loop, const Clock& clock, Duration interval, Report report);
  ~CredentialFiles();
  CredentialFiles(const CredentialFiles&) = delete;
  CredentialFiles& operator=(const CredentialFiles&) = delete;

  // Reads the files and hands them over for the first time. An empty path stands for a file that is not used
  // and reads as empty. Returns what is wrong; then the set is not watched. `set` names it in reports: the
  // section of the configuration.
  [[nodiscard]] std::optional<std::string> Add(std::string set, std::vector<std::string> paths,
                                               Accept accept);

  // Looks at the files at each interval until Stop, which lets the loop run out and is for good.
  void Start();
  void Stop();
  // Looks at once.
  void CheckNow();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

// A password or token as its file has it: editors end a file with a line's end, which is no part of it.
std::string_view WithoutLineEnd(std::string_view text);

// The value of a variable of the environment; nothing when it is not set or empty. For before the loop runs.
std::optional<Secret> SecretFromEnvironment(const std::string& name);

}  // namespace session_gateway
