// Many callers at once that go on creating sessions of Symphony, and a count of how their calls ended.
//
// Thread rule: made, stopped and destroyed on the test's thread, each caller has a thread of its own. Never
// here: what should have come.
#pragma once

#include <grpcpp/channel.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace session_gateway {

// Calls by their end: `OK`, or an error's outcome and status code such as `not_sent 14`; `none 14` where the
// error says no outcome.
class Tally {
 public:
  void Add(const std::string& end);
  int operator[](const std::string& end) const;
  int total() const;
  std::string Text() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> ends_;  // guarded by mutex_
};

class Callers {
 public:
  enum class Until {
    kError,    // each caller stops with its first error
    kStopped,  // or when it is told to
  };
  Callers(const std::string& address, int callers, Until until);
  // Waits for the running calls.
  ~Callers();
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;

  // No new calls from now on.
  void FinishRunning() { stopped_ = true; }
  // The same, and returns when those that run have ended.
  void Stop();
  // Returns when all have stopped by themselves.
  void Join();
  const Tally& tally() const { return tally_; }

 private:
  void Run(const std::shared_ptr<grpc::Channel>& channel, Until until);

  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  Tally tally_;
  std::atomic<bool> stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace session_gateway
