#include "server/log.h"

#include <poll.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "translator/utf8.h"

namespace session_gateway {
namespace {

// No text of a line is longer; what is over it is cut.
constexpr std::size_t kTextMax = 512;
// What most lines have room in.
constexpr std::size_t kLineBytes = 384;
// After it has written all there was, the log's thread lets lines gather for so long: then a thousand of them
// do not wake it a thousand times.
constexpr auto kGather = std::chrono::milliseconds(1);
// Of what is written at once: a pipe with room for any takes so much without waiting for its reader.
constexpr std::size_t kWriteBytesMax = PIPE_BUF;
// How long the first line waits for a reader of the standard error stream that has stopped reading.
constexpr int kStderrPatienceMs = 2000;

using CharacterSet = std::array<bool, 256>;

// What stands in a JSON string as it is: ASCII but quote, backslash and control characters.
constexpr CharacterSet PlainCharacters() {
  CharacterSet plain = {};
  for (unsigned c = 0x20; c < 0x7F; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr CharacterSet kPlain = PlainCharacters();

std::size_t PlainLength(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && kPlain[static_cast<unsigned char>(text[length])]) ++length;
  return length;
}

// Appends the first character of `text` that is not plain, and returns its length.
std::size_t AppendOdd(std::string& line, std::string_view text) {
  const std::size_t length = Utf8SequenceLength(text);
  const unsigned char first = static_cast<unsigned char>(text.front());
  if (length == 0) {
    line += "\\ufffd";
    return 1;
  }
  if (first == '"' || first == '\\') {
    line += '\\';
    line += text.front();
  } else if (first < 0x20 || first == 0x7F) {
    absl::StrAppendFormat(&line, "\\u%04x", first);
  } else {
    line.append(text.substr(0, length));
  }
  return length;
}

// Every reader of a line is a JSON reader, so any bytes become a valid JSON string.
void AppendText(std::string& line, std::string_view text) {
  text = text.substr(0, kTextMax);
  line += '"';
  for (;;) {
    const std::size_t plain = PlainLength(text);
    line.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    text.remove_prefix(AppendOdd(line, text));
  }
  line += '"';
}

// The digits of `value`, ending before `end`, over the zeros that are there.
void PutDigits(std::int64_t value, char* end) {
  for (; value > 0; value /= 10) *--end = static_cast<char>('0' + value % 10);
}

// A duration as a number of milliseconds.
struct Milliseconds {
  Duration duration;
};

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
void AppendValue(std::string& line, Milliseconds number) {
  using std::chrono::microseconds;
  std::int64_t micros = std::chrono::round<microseconds>(number.duration).count();
  if (micros < 0) line += '-';
  micros = std::abs(micros);
  absl::StrAppend(&line, micros / 1000);
  std::array<char, 4> fraction = {'.', '0', '0', '0'};
  PutDigits(micros % 1000, fraction.data() + fraction.size());
  line.append(fraction.data(), fraction.size());
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
  constexpr std::string_view kTime = "{\"time\":\"0000-00-00T00:00:00.000Z\",\"level\":\"";
  constexpr std::size_t kYearEnd = 13;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const std::int64_t millis = floor<milliseconds>(time - day).count();
  std::string line;
  line.reserve(kLineBytes);
  line += kTime;
  char* const year_end = line.data() + kYearEnd;
  PutDigits(static_cast<int>(date.year()), year_end);
  PutDigits(static_cast<unsigned>(date.month()), year_end + 3);
  PutDigits(static_cast<unsigned>(date.day()), year_end + 6);
  PutDigits(millis / 3'600'000, year_end + 9);
  PutDigits(millis / 60'000 % 60, year_end + 12);
  PutDigits(millis / 1000 % 60, year_end + 15);
  PutDigits(millis % 1000, year_end + 19);
  line += LevelName(level);
  line += "\",\"msg\":";
  AppendText(line, message);
  return line;
}

// What the log's thread does with each line. The pool outlives its thread.
class WriteSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  WriteSink(LogWriter writer, spdlog::details::thread_pool& pool, std::future<void> end)
      : writer_(std::move(writer)), pool_(pool), end_(std::move(end)) {}
  // The pool's own word to end stands behind the last line.
  ~WriteSink() override { writer_.flush(); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    writer_.write(std::string_view(message.payload.data(), message.payload.size()));
    if (pool_.queue_size() > 0) return;
    writer_.flush();
    end_.wait_for(kGather);
  }
  void flush_() override {}

  const LogWriter writer_;
  spdlog::details::thread_pool& pool_;
  const std::future<void> end_;
};

}  // namespace

class Log::Backend {
 public:
  Backend(std::size_t lines_max, LogWriter writer)
      : pool_(std::make_shared<spdlog::details::thread_pool>(lines_max, 1)),
        logger_(std::make_shared<spdlog::async_logger>(
            "", std::make_shared<WriteSink>(std::move(writer), *pool_, end_.get_future()), pool_,
            spdlog::async_overflow_policy::overrun_oldest)) {
    logger_->set_level(spdlog::level::trace);
  }

  ~Backend() { end_.set_value(); }

  void Write(std::string line) {
    line += "}\n";
    logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }

  std::size_t dropped() const { return pool_->overrun_counter(); }

 private:
  // Waiting for a future sleeps at once, where a semaphore gives its core away again and again before.
  std::promise<void> end_;
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
    : Log(clock, level, lines_max, LogWriter{std::move(write), [] {}}) {}

Log::Log(const Clock& clock, LogLevel level, std::size_t lines_max, LogWriter writer)
    : clock_(clock), level_(level), backend_(std::make_unique<Backend>(lines_max, std::move(writer))) {}

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
  AppendMember(line, "duration_ms", Milliseconds{record.duration});
  AppendMember(line, "deadline_ms", Milliseconds{record.deadline});
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
  AppendMember(line, "lingered_ms", Milliseconds{record.lingered});
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

namespace {

// Lines gather until there are enough for one write, or no more wait. The last of them may be written by
// another thread than the log's, once that has ended.
class StderrLines {
 public:
  void Add(std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (lines_.size() + line.size() > kWriteBytesMax) WriteLocked();
    lines_ += line;
  }
  void Write() {
    const std::lock_guard lock(mutex_);
    WriteLocked();
  }

 private:
  // Whoever reads may stop reading for good. Then lines wait once, and later ones are lost at once until the
  // stream takes some again: the program must be able to end.
  void WriteLocked() {
    if (lines_.empty()) return;
    pollfd stream{STDERR_FILENO, POLLOUT, 0};
    is_stuck_ = ::poll(&stream, 1, is_stuck_ ? 0 : kStderrPatienceMs) == 0;
    if (!is_stuck_) std::fwrite(lines_.data(), 1, lines_.size(), stderr);
    lines_.clear();
  }

  std::mutex mutex_;
  std::string lines_;  // guarded by mutex_, as is the next
  bool is_stuck_ = false;
};

}  // namespace

LogWriter StderrWriter() {
  const auto lines = std::make_shared<StderrLines>();
  return {[lines](std::string_view line) { lines->Add(line); }, [lines] { lines->Write(); }};
}

}  // namespace session_gateway
