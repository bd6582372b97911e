#include "tests/gateway/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>

namespace session_gateway {
namespace {

constexpr auto kPatience = std::chrono::seconds(60);  // a test that waits longer has failed

std::string LineWith(const std::string& text, std::string_view part) {
  const std::size_t at = text.find(part);
  const std::size_t end = text.find('\n', at);
  if (at == std::string::npos || end == std::string::npos) return {};
  const std::size_t before = text.rfind('\n', at);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return text.substr(begin, end - begin);
}

// In the child, between fork and exec: only what is allowed there.
[[noreturn]] void Become(char* const* arguments, int output, int log) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that is killed leaves nothing behind
  ::dup2(output, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const std::string& program, const std::vector<std::string>& arguments) {
  const std::string folder = program.starts_with('/') ? "" : std::string(SESSION_GATEWAY_BINARIES) + "/";
  std::vector<std::string> texts = {folder + program};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);

  std::array<int, 2> output{};
  std::array<int, 2> log{};
  if (::pipe2(output.data(), O_CLOEXEC) != 0 || ::pipe2(log.data(), O_CLOEXEC) != 0) return;
  pid_ = ::fork();
  if (pid_ == 0) Become(pointers.data(), output[1], log[1]);
  ::close(output[1]);
  ::close(log[1]);
  readers_.emplace_back([this, fd = output[0]] { Read(fd, output_); });
  readers_.emplace_back([this, fd = log[0]] { Read(fd, log_); });
}

ChildProcess::~ChildProcess() {
  if (!ended_ && pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  for (std::thread& reader : readers_) reader.join();
}

void ChildProcess::Read(int fd, std::string& text) {
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    const std::lock_guard lock(mutex_);
    if (size > 0) text.append(buffer.data(), static_cast<std::size_t>(size));
    if (size <= 0) --open_;
    changed_.notify_all();
    if (size <= 0) break;
  }
  ::close(fd);
}

void ChildProcess::Signal(int number) const { ::kill(pid_, number); }

std::string ChildProcess::WaitForLine(std::string_view part) {
  std::unique_lock lock(mutex_);
  std::string line;
  changed_.wait_for(lock, kPatience, [&] {
    line = LineWith(output_, part);
    if (line.empty()) line = LineWith(log_, part);
    return !line.empty() || open_ == 0;
  });
  return line;
}

std::optional<int> ChildProcess::WaitForEnd() {
  if (ended_) return ended_;
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [this] { return open_ == 0; })) return std::nullopt;
  }
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) return std::nullopt;
  ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return ended_;
}

std::string ChildProcess::output() const {
  const std::lock_guard lock(mutex_);
  return output_;
}

std::string ChildProcess::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

void ChildProcess::ForgetLogBut(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (log_.size() > bytes) log_.erase(0, log_.size() - bytes);
}

long ResidentKilobytes(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string name; status >> name;) {
    long kilobytes = 0;
    if (name == "VmRSS:" && status >> kilobytes) return kilobytes;
  }
  return -1;
}

}  // namespace session_gateway
