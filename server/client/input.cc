#include "server/client/input.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include "absl/strings/escaping.h"
#include "translator/text_bounds.h"

namespace session_gateway {
namespace {

constexpr std::size_t kInputBytesMax = 64 * 1024 * 1024;
constexpr char kCsrfTokenVariable[] = "SESSION_GATEWAY_CSRF_TOKEN";
constexpr char kPasswordVariable[] = "SESSION_GATEWAY_PASSWORD";

// Up to the bound and one byte more.
std::string ReadBounded(std::istream& in) {
  std::string text;
  char buffer[64 * 1024];
  while (text.size() <= kInputBytesMax && (in.read(buffer, sizeof buffer) || in.gcount() > 0)) {
    text.append(buffer, static_cast<std::size_t>(in.gcount()));
  }
  return text;
}

// One secret: a file's text without its line end, else the variable. Nothing where there is neither.
std::variant<std::optional<Secret>, InputProblem> ReadSecret(const std::string& path, const char* variable) {
  std::string secret;
  if (!path.empty()) {
    auto read = ReadInput(path);
    if (auto* problem = std::get_if<InputProblem>(&read)) return std::move(*problem);
    secret = std::get<std::string>(std::move(read));
    if (secret.ends_with('\n')) secret.pop_back();
    if (secret.ends_with('\r')) secret.pop_back();
  } else {
    const char* const value = variable == nullptr ? nullptr : std::getenv(variable);
    if (value == nullptr) return std::optional<Secret>();
    secret = value;
  }
  if (HasControlCharacter(secret)) {
    return InputProblem{(path.empty() ? variable : path) + " must be one line without control characters"};
  }
  return std::optional<Secret>(std::move(secret));
}

bool IsAscii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) > 0x7E) return false;
  }
  return true;
}

}  // namespace

std::variant<std::string, InputProblem> ReadInput(const std::string& path) {
  const bool standard = path == "-";
  std::ifstream file;
  errno = 0;
  if (!standard) file.open(path, std::ios::binary);
  if (!standard && !file) return InputProblem{"cannot read " + path + ": " + std::strerror(errno)};
  std::istream& in = standard ? std::cin : file;
  std::string text = ReadBounded(in);
  if (in.bad()) return InputProblem{"cannot read " + path + ": " + std::strerror(errno)};
  if (text.size() > kInputBytesMax) return InputProblem{path + " is larger than 64 MiB"};
  return text;
}

std::variant<Credentials, InputProblem> ReadCredentials(const CredentialFlags& flags) {
  auto token = ReadSecret(flags.csrf_token_file, kCsrfTokenVariable);
  if (auto* problem = std::get_if<InputProblem>(&token)) return std::move(*problem);
  auto cookie = ReadSecret(flags.cookie_file, nullptr);
  if (auto* problem = std::get_if<InputProblem>(&cookie)) return std::move(*problem);
  auto password = ReadSecret(flags.password_file, kPasswordVariable);
  if (auto* problem = std::get_if<InputProblem>(&password)) return std::move(*problem);

  Credentials credentials;
  credentials.csrf_token = std::get<0>(std::move(token));
  credentials.cookie = std::get<0>(std::move(cookie));
  if (credentials.cookie && (credentials.cookie->empty() || !IsAscii(credentials.cookie->Reveal()))) {
    return InputProblem{flags.cookie_file + " must hold the Cookie header in ASCII"};
  }
  if (!flags.basic_user) return credentials;
  const auto& secret = std::get<0>(password);
  if (!secret) {
    return InputProblem{"--basic-user needs its password: --password-file FILE, or " +
                        std::string(kPasswordVariable) + " in the environment"};
  }
  credentials.authorization =
      Secret("Basic " + absl::Base64Escape(*flags.basic_user + ":" + secret->Reveal()));
  return credentials;
}

}  // namespace session_gateway
