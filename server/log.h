// The program's log: one JSON object a line, written by a thread of its own so that a slow reader of the log
// never slows a call down. The queue to that thread holds `lines_max` lines; when it is full the oldest line
// is dropped and counted, so memory never grows.
//
// Thread rule: any thread. Never here: a process-wide logger, messages' contents (but for what identifies an
// orphan), metadata, queries, bodies, and the text of exceptions, which may quote any of these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "server/clock.h"

namespace session_gateway {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// The level of a name as a configuration writes it: debug, info, warning, error.
std::optional<LogLevel> ParseLogLevel(std::string_view name);

struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

// What is told of a finished call. Empty texts and zeros of `http_status` are left out of the line.
struct CallRecord {
  LogLevel level = LogLevel::kInfo;
  std::string_view method;  // `sessiongateway.v1.SessionGateway/CreateSession`
  std::string_view status;  // the gRPC status by name, `OK`
  std::string_view reason;
  std::string_view outcome;
  std::string_view upstream;
  std::string_view phase;
  int http_status = 0;
  Duration duration{};
  Duration deadline{};         // the time that the call was given
  std::string_view peer;       // address of the connection, `ipv4:127.0.0.1:40000`
  std::string_view caller;     // the name in the caller's certificate
  bool caller_left = false;    // the caller cancelled or its connection broke
  std::string_view exception;  // type of an exception that escaped the call's logic
};

// What is told of a create whose caller does not know its end. Empty texts and zeros of
// `http_status` are left out.
struct OrphanRecord {
  LogLevel level = LogLevel::kWarning;
  std::string_view method;
  std::string_view outcome;
  std::string_view reason;
  std::string_view upstream;
  std::string_view phase;
  int http_status = 0;
  std::string_view endpoint;          // that it was sent to
  std::string_view caller;            // the name in the caller's certificate
  std::string_view request_id;        // that the caller gave
  std::string_view application_name;  // of a session
  std::string_view cluster_id;
  std::string_view session_name;
  std::string_view session_tag;
  std::string_view requested_id;  // of a row
  std::string_view created_id;    // of what is known to be there now
  Duration lingered{};            // from the caller's answer until this end
};

// Both run on the log's own thread, but for the last flush, after its end. They may block.
struct LogWriter {
  std::function<void(std::string_view line)> write;  // gets whole lines with their line feed, one at a time
  std::function<void()> flush;                       // no line waits any longer
};

class Log {
 public:
  using Write = std::function<void(std::string_view line)>;  // of a writer that keeps no line back

  Log(const Clock& clock, LogLevel level, std::size_t lines_max, Write write);
  Log(const Clock& clock, LogLevel level, std::size_t lines_max, LogWriter writer);
  // Writes what is queued, then ends the thread.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void Call(const CallRecord& record);
  void Orphan(const OrphanRecord& record);
  void Event(LogLevel level, std::string_view message, std::initializer_list<LogField> fields);

  // Lines lost so far because the writer could not keep up.
  std::size_t dropped() const;

 private:
  class Backend;  // the only place that knows the logging library

  const Clock& clock_;
  const LogLevel level_;
  std::unique_ptr<Backend> backend_;
};

// To the standard error stream, as many lines at once as a pipe takes whole.
LogWriter StderrWriter();

}  // namespace session_gateway
