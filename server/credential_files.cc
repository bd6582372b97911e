#include "server/credential_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>
#include <variant>

namespace session_gateway {
namespace {

class File {
 public:
  // Does not wait for the writer of a pipe: the loop's thread opens it.
  explicit File(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool IsOpen() const { return fd_ >= 0; }

  // Nothing when it cannot be asked.
  std::optional<struct stat> Status() const {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) return std::nullopt;
    return status;
  }

  // Up to `text.size()` bytes; how many there were, or nothing.
  std::optional<std::size_t> Read(std::string& text) const {
    std::size_t size = 0;
    while (size < text.size()) {
      const ssize_t part = ::read(fd_, text.data() + size, text.size() - size);
      if (part < 0 && errno == EINTR) continue;
      if (part < 0) return std::nullopt;
      if (part == 0) break;
      size += static_cast<std::size_t>(part);
    }
    return size;
  }

 private:
  const int fd_;
};

std::variant<Secret, std::string> ReadCredential(const std::string& path) {
  if (path.empty()) return Secret();
  const auto problem = [&path](std::string_view what) {
    return path + " " + std::string(what) + ": " + std::generic_category().message(errno);
  };
  const File file(path);
  if (!file.IsOpen()) return problem("cannot be opened");
  const auto status = file.Status();
  if (!status) return problem("cannot be read");
  if (!S_ISREG(status->st_mode)) return path + " is no regular file";
  if (status->st_size > static_cast<off_t>(kCredentialBytesMax)) return path + " is larger than 1MiB";
  // One byte more tells that it has grown meanwhile.
  std::string text(static_cast<std::size_t>(status->st_size) + 1, '\0');
  const auto size = file.Read(text);
  if (!size) {
    const int error = errno;
    Secret::WipeText(text);
    errno = error;
    return problem("cannot be read");
  }
  const bool grew = *size == text.size();
  text.resize(*size);
  Secret read(std::move(text));
  if (grew) return path + " was written to while it was read";
  return read;
}

}  // namespace

class CredentialFiles::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(Loop& loop, const Clock& clock, Duration interval, Report report)
      : timer_(loop.get_executor()), clock_(clock), interval_(interval), report_(std::move(report)) {}

  std::optional<std::string> Add(std::string name, std::vector<std::string> paths, Accept accept) {
    Set set{std::move(name), std::move(paths), std::move(accept), {}, {}, {}};
    auto contents = Read(set);
    if (auto* problem = std::get_if<std::string>(&contents)) return std::move(*problem);
    set.seen = std::get<std::vector<Secret>>(std::move(contents));
    if (auto problem = set.accept(set.seen)) return problem;
    sets_.push_back(std::move(set));
    return std::nullopt;
  }

  void Arm() {
    if (sets_.empty() || stopped_) return;
    timer_.expires_at(clock_.Now() + interval_);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (!self || error) return;
      self->CheckNow();
      self->Arm();
    });
  }

  void Stop() {
    stopped_ = true;
    timer_.cancel();
  }

  void CheckNow() {
    if (stopped_) return;
    for (Set& set : sets_) Check(set);
  }

 private:
  struct Set {
    std::string name;
    std::vector<std::string> paths;
    Accept accept;
    std::vector<Secret> seen;             // what the owner was handed last
    std::optional<std::string> refused;   // why it did not take that
    std::optional<std::string> reported;  // the problem that was told last and still is
  };
  using Contents = std::variant<std::vector<Secret>, std::string>;

  static Contents Read(const Set& set) {
    std::vector<Secret> contents;
    for (const std::string& path : set.paths) {
      auto read = ReadCredential(path);
      if (auto* problem = std::get_if<std::string>(&read)) return std::move(*problem);
      contents.push_back(std::get<Secret>(std::move(read)));
    }
    return contents;
  }

  void Check(Set& set) {
    Contents contents = Read(set);
    // Whoever replaces several files is perhaps between two of them: what is read again is what counts.
    if (HoldsNews(set, contents)) contents = Read(set);
    if (auto* problem = std::get_if<std::string>(&contents)) return Tell(set, std::move(*problem), false);
    const bool is_new = HoldsNews(set, contents);
    if (is_new) {
      set.seen = std::get<std::vector<Secret>>(std::move(contents));
      set.refused = set.accept(set.seen);
    }
    Tell(set, set.refused, is_new);
  }

  static bool HoldsNews(const Set& set, const Contents& contents) {
    const auto* read = std::get_if<std::vector<Secret>>(&contents);
    return read != nullptr && *read != set.seen;
  }

  void Tell(Set& set, std::optional<std::string> problem, bool is_new) {
    if (!is_new && problem == set.reported) return;
    set.reported = std::move(problem);
    report_(set.name, set.reported);
  }

  LoopTimer timer_;
  const Clock& clock_;
  const Duration interval_;
  const Report report_;
  std::vector<Set> sets_;
  bool stopped_ = false;
};

CredentialFiles::CredentialFiles(Loop& loop, const Clock& clock, Duration interval, Report report)
    : impl_(std::make_shared<Impl>(loop, clock, interval, std::move(report))) {}

CredentialFiles::~CredentialFiles() { impl_->Stop(); }

std::optional<std::string> CredentialFiles::Add(std::string set, std::vector<std::string> paths,
                                                Accept accept) {
  return impl_->Add(std::move(set), std::move(paths), std::move(accept));
}

void CredentialFiles::Start() { impl_->Arm(); }
void CredentialFiles::Stop() { impl_->Stop(); }
void CredentialFiles::CheckNow() { impl_->CheckNow(); }

std::string_view WithoutLineEnd(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::optional<Secret> SecretFromEnvironment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return Secret(value);
}

}  // namespace session_gateway
