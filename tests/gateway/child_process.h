// A program of ours as a process of its own: started, listened to, signalled, and gone at the end of the
// test.
//
// Thread rule: one thread owns it; two more read its output. Never here: what a program should print.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace session_gateway {

class ChildProcess {
 public:
  // `program` is one of build/bin, or a whole path.
  explicit ChildProcess(const std::string& program, const std::vector<std::string>& arguments);
  // Ends it when it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int number) const;

  // The first line of its output or its log that holds `part`, or empty when its output ends without one.
  std::string WaitForLine(std::string_view part);
  // Its exit code, or minus the number of the signal that ended it. Nothing when it does not end.
  std::optional<int> WaitForEnd();

  // Complete after WaitForEnd.
  std::string output() const;  // standard output
  std::string log() const;     // standard error
  // Of its log only so many bytes stay, the newest: for one that runs long.
  void ForgetLogBut(std::size_t bytes);

 private:
  void Read(int fd, std::string& text);

  pid_t pid_ = -1;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string output_;  // guarded by mutex_
  std::string log_;     // guarded by mutex_
  int open_ = 2;        // streams that have not ended; guarded by mutex_
  std::optional<int> ended_;
  std::vector<std::thread> readers_;
};

// Kilobytes of memory that the process holds.
long ResidentKilobytes(pid_t pid);

}  // namespace session_gateway
