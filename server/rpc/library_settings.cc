#include "server/rpc/library_settings.h"

#include <absl/synchronization/mutex.h>
#include <google/protobuf/stubs/logging.h>
#include <grpc/grpc.h>
#include <grpc/support/log.h>

#include <cstdio>
#include <string>
#include <string_view>

namespace session_gateway {

void QuietLibraryLogs() {
  gpr_set_log_function([](gpr_log_func_args* line) {
    // gRPC has no level for its end: it logs its failed assertion as an error and aborts.
    const std::string_view text(line->message);
    const bool last_words = text.starts_with("assertion failed") || text.starts_with("ASSERTION FAILED");
    if (last_words) std::fprintf(stderr, "%s:%d: %s\n", line->file, line->line, line->message);
  });
  google::protobuf::SetLogHandler(
      [](google::protobuf::LogLevel level, const char* file, int line, const std::string& text) {
        if (level == google::protobuf::LOGLEVEL_FATAL)
          std::fprintf(stderr, "%s:%d: %s\n", file, line, text.c_str());
      });
}

void HoldGrpc() { grpc_init(); }

void SkipMutexChecks() { absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore); }

}  // namespace session_gateway
