#include "server/credential_files.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>
#include <variant>

namespace session_gateway {
namespace {

std::variant<Secret, std::string> ReadCredential(const std::string& path) {
  if (path.empty()) return Secret();
  const auto problem = [&path](std::string_view what) {
    return path + " " + std::string(what) + ": " + std::generic_category().message(errno);
  };
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rbe"), close);
  if (file == nullptr) return problem("cannot be opened");
  std::string text(kCredentialBytesMax + 1, '\0');
  const std::size_t size = std::fread(text.data(), 1, text.size(), file.get());
  if (std::ferror(file.get()) != 0) return problem("cannot be read");
  if (size > kCredentialBytesMax) return path + " is larger than 1MiB";
  text.resize(size);
  text.shrink_to_fit();
  return Secret(std::move(text));
}

}  // namespace

class CredentialFiles::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(Loop& loop, const Clock& clock, Duration interval, Report report)
      : timer_(loop.get_executor()), clock_(clock), interval_(interval), report_(std::move(report)) {}

  std::optional<std::string> Add(std::string name, std::vector<std::string> paths, Accept accept) {
    Set set{std::move(name), std::move(paths), std::move(accept), {}, {}};
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
    for (Set& set : sets_) Check(set);
  }

 private:
  struct Set {
    std::string name;
    std::vector<std::string> paths;
    Accept accept;
    std::vector<Secret> seen;
    std::optional<std::string> unreadable;  // why, as it was last reported
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
    if (auto* problem = std::get_if<std::string>(&contents)) {
      // A file may be away for a moment while it is replaced; one that stays away is reported once.
      if (set.unreadable != *problem) report_(set.name, *problem);
      set.unreadable = std::move(*problem);
      return;
    }
    set.unreadable.reset();
    auto& read = std::get<std::vector<Secret>>(contents);
    if (read == set.seen) return;
    set.seen = std::move(read);
    report_(set.name, set.accept(set.seen));
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

std::optional<Secret> SecretFromEnvironment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return Secret(value);
}

}  // namespace session_gateway
