// Callgrind (Valgrind), as it counts the instructions of a program: the same for the same work, whatever else
// the machine does.
//
// Thread rule: one thread. Never here: what may be counted of what.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace session_gateway {

struct WorkCount {
  std::int64_t instructions = 0;  // of all threads, without the kernel's
  std::int64_t allocations = 0;   // calls of malloc and its like
};

// What stands in one of Callgrind's files; nothing (zeros) when it is none.
WorkCount ReadCallgrind(const std::string& path);

// A folder for its files, gone at the end.
class CallgrindFolder {
 public:
  CallgrindFolder();
  ~CallgrindFolder();
  CallgrindFolder(const CallgrindFolder&) = delete;
  CallgrindFolder& operator=(const CallgrindFolder&) = delete;

  const std::string& path() const { return path_; }
  // The command before a program's own; its counts come into files here that begin so.
  std::vector<std::string> Tool() const;
  std::string file() const { return path_ + "/counts"; }

 private:
  std::string path_;
};

// Of a program that runs under the tool: from now on nothing was counted; and what was since then.
void BeginCount(pid_t program);
WorkCount EndCount(pid_t program, const CallgrindFolder& folder);

}  // namespace session_gateway
