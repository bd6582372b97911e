#include "server/log.h"

#include <poll.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "translator/utf8.h"

namespace session_gateway {
namespace {

// No text of a line is longer; what is over it is cut.
constexpr std::size_t kTextMax = 512;
// How long the first line waits for a reader of the standard error stream that has stopped reading.
constexpr int kStderrPatienceMs = 2000;

// Every reader of a line is a JSON reader, so any bytes become a valid JSON string.
void AppendText(std::string& line, std::string_view text) {
  text = text.substr(0, kTextMax);
  line += '"';
  while (!text.empty()) {
    const std::size_t length = Utf8SequenceLength(text);
    const unsigned char first = static_cast<unsigned char>(text.front());
    if (length == 0) {
      line += "\\ufffd";
    } else if (first == '"' || first == '\\') {
      line += '\\';
      line += text.front();
    } else if (first < 0x20 || first == 0x7F) {
      absl::StrAppendFormat(&line, "\\u%04x", first);
    } else {
      line.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  line += '"';
}

void AppendValue(std::string& line, std::string_view text) { AppendText(line, text); }
void AppendValue(std::string& line, std::int64_t number) { absl::StrAppend(&line, number); }
void AppendValue(std::string& line, bool flag) { line += flag ? "true" : "false"; }
void AppendValue(std::string& line, double number) {
  // JSON has no word for a number that is none.
  if (!std::isfinite(number)) {
    line += "null";
    return;
  }
  absl::StrAppendFormat(&line, "%.3f", number);
}

template <typename Value>
void AppendMember(std::string& line, std::string_view name, Value value) {
  line += ',';
  AppendText(line, name);
  line += ':';
  AppendValue(line, value);
}

void AppendIfSet(std::string& line, std::string_view name, std::string_view text) {
  if (!text.empty()) AppendMember(line, name, text);
}

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string BeginLine(WallTime time, LogLevel level, std::string_view message) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<milliseconds>(time - day));
  std::string line =
      absl::StrFormat("{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\",\"level\":\"%s\",\"msg\":",
                      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                      static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                      clock.seconds().count(), clock.subseconds().count(), std::string(LevelName(level)));
  AppendText(line, message);
  return line;
}

double Milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

class WriteSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit WriteSink(Log::Write write) : write_(std::move(write)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    write_(std::string_view(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}

  Log::Write write_;
};

}  // namespace

class Log::Backend {
 public:
  Backend(std::size_t lines_max, Write write)
      : pool_(std::make_shared<spdlog::details::thread_pool>(lines_max, 1)),
        logger_(std::make_shared<spdlog::async_logger>("", std::make_shared<WriteSink>(std::move(write)),
                                                       pool_,
                                                       spdlog::async_overflow_policy::overrun_oldest)) {
    logger_->set_level(spdlog::level::trace);
  }

  void Write(std::string line) {
    line += "}\n";
    logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }

  std::size_t dropped() const { return pool_->overrun_counter(); }

 private:
  // The logger holds the pool weakly: the pool must go last, for its end writes what is queued.
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

std::optional<LogLevel> ParseLogLevel(std::string_view name) {
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    if (name == LevelName(level)) return level;
  }
  return std::nullopt;
}

Log::Log(const Clock& clock, LogLevel level, std::size_t lines_max, Write write)
    : clock_(clock), level_(level), backend_(std::make_unique<Backend>(lines_max, std::move(write))) {}

Log::~Log() = default;

void Log::Call(const CallRecord& record) {
  if (record.level < level_) return;
  std::string line = BeginLine(clock_.WallNow(), record.level, "call");
  AppendMember(line, "method", record.method);
  AppendMember(line, "status", record.status);
  AppendIfSet(line, "reason", record.reason);
  AppendIfSet(line, "outcome", record.outcome);
  AppendIfSet(line, "upstream", record.upstream);
  AppendIfSet(line, "phase", record.phase);
  if (record.http_status != 0) AppendMember(line, "http_status", std::int64_t{record.http_status});
  AppendMember(line, "duration_ms", Milliseconds(record.duration));
  AppendMember(line, "deadline_ms", Milliseconds(record.deadline));
  AppendMember(line, "peer", record.peer);
  AppendIfSet(line, "caller", record.caller);
  if (record.caller_left) AppendMember(line, "caller_left", true);
  AppendIfSet(line, "exception", record.exception);
  backend_->Write(std::move(line));
}

void Log::Orphan(const OrphanRecord& record) {
  if (record.level < level_) return;
  std::string line = BeginLine(clock_.WallNow(), record.level, "orphan");
  AppendMember(line, "method", record.method);
  AppendMember(line, "outcome", record.outcome);
  AppendIfSet(line, "reason", record.reason);
  AppendMember(line, "upstream", record.upstream);
  AppendIfSet(line, "phase", record.phase);
  if (record.http_status != 0) AppendMember(line, "http_status", std::int64_t{record.http_status});
  AppendIfSet(line, "endpoint", record.endpoint);
  AppendIfSet(line, "caller", record.caller);
  AppendIfSet(line, "request_id", record.request_id);
  AppendIfSet(line, "application_name", record.application_name);
  AppendIfSet(line, "cluster_id", record.cluster_id);
  AppendIfSet(line, "session_name", record.session_name);
  AppendIfSet(line, "session_tag", record.session_tag);
  AppendIfSet(line, "requested_id", record.requested_id);
  AppendIfSet(line, "created_id", record.created_id);
  AppendMember(line, "lingered_ms", Milliseconds(record.lingered));
  backend_->Write(std::move(line));
}

void Log::Event(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < level_) return;
  std::string line = BeginLine(clock_.WallNow(), level, message);
  for (const LogField& field : fields) {
    std::visit([&](const auto& value) { AppendMember(line, field.name, value); }, field.value);
  }
  backend_->Write(std::move(line));
}

std::size_t Log::dropped() const { return backend_->dropped(); }

Log::Write WriteToStderr() {
  // Whoever reads may stop reading for good. Then a line waits once, and later ones are lost at once until
  // the stream takes some again: the program must be able to end.
  return [stuck = false](std::string_view line) mutable {
    pollfd stream{STDERR_FILENO, POLLOUT, 0};
    stuck = ::poll(&stream, 1, stuck ? 0 : kStderrPatienceMs) == 0;
    if (!stuck) std::fwrite(line.data(), 1, line.size(), stderr);
  };
}

}  // namespace session_gateway
