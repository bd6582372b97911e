#include "server/doctor/capture.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/upstream/cookies.h"
#include "server/upstream/exchange_secrets.h"
#include "translator/text_bounds.h"
#include "translator/upstream_status.h"

namespace session_gateway {
namespace {

constexpr char kStars[] = "***";

constexpr std::array<std::string_view, 10> kHarmlessHeaders = {
    "allow",        "cache-control", "connection",  "content-encoding", "content-length",
    "content-type", "date",          "retry-after", "server",           "transfer-encoding"};

// A name with one of these in it announces a credential.
constexpr std::array<std::string_view, 10> kCredentialWords = {"token",  "jwt",  "pass", "secret", "cookie",
                                                               "ticket", "cert", "auth", "key",    "session"};

bool NamesCredential(std::string_view name) {
  const std::string lower = absl::AsciiStrToLower(absl::string_view(name.data(), name.size()));
  return std::any_of(kCredentialWords.begin(), kCredentialWords.end(),
                     [&lower](std::string_view word) { return lower.find(word) != std::string::npos; });
}

// Each line as text: a peer's control characters do not reach a terminal.
std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : text) line += absl::ascii_isprint(static_cast<unsigned char>(c)) ? c : '?';
  return line;
}

// `name=***; Path=/; Secure`: the attributes stay, for they are what is asked about.
std::string MaskedSetCookie(const std::string& value) {
  const std::size_t end = value.find(';');
  const std::size_t equals = value.find('=');
  if (equals == std::string::npos || equals > end) return kStars;
  return value.substr(0, equals + 1) + kStars + (end == std::string::npos ? "" : value.substr(end));
}

std::string MaskedLocation(const std::string& value) {
  const std::size_t query = value.find_first_of("?#");
  return query == std::string::npos ? value : value.substr(0, query + 1) + kStars;
}

// The scheme alone: what follows may be a challenge, or an echo.
std::string MaskedChallenge(const std::string& value) {
  const std::size_t space = value.find(' ');
  return space == std::string::npos ? value : value.substr(0, space + 1) + kStars;
}

std::string MaskedAnswerHeader(const HttpHeader& header) {
  if (header.name == "set-cookie") return MaskedSetCookie(header.value);
  if (header.name == "location") return MaskedLocation(header.value);
  if (header.name == "www-authenticate") return MaskedChallenge(header.value);
  const bool harmless =
      std::find(kHarmlessHeaders.begin(), kHarmlessHeaders.end(), header.name) != kHarmlessHeaders.end();
  return harmless ? header.value : kStars;
}

// Recursive over a document whose depth was bounded when it was parsed.
void MaskJson(nlohmann::json& value, bool all, const std::vector<std::string>& secrets) {
  if (value.is_structured()) {
    for (auto& [key, member] : value.items()) {
      MaskJson(member, all || (value.is_object() && NamesCredential(key)), secrets);
    }
  } else if (all && !value.is_null()) {
    value = kStars;
  } else if (value.is_string()) {
    value = ScrubUpstreamText(value.get<std::string>(), secrets, kUpstreamTextBytesMax);
  }
}

// Wherever a secret that is known stands in what is shown, member names included, it does not stay.
std::string WithoutSecrets(std::string text, const std::vector<std::string>& secrets) {
  constexpr std::size_t kSecretBytesMin = 4;
  for (const std::string& secret : secrets) {
    if (secret.size() < kSecretBytesMin) continue;
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), kStars);
      at += sizeof(kStars) - 1;
    }
  }
  return text;
}

std::size_t DepthOf(std::string_view text) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  for (const char c : text) {
    if (c == '{' || c == '[') deepest = std::max(deepest, ++depth);
    if ((c == '}' || c == ']') && depth > 0) --depth;
  }
  return deepest;
}

std::string MaskedBody(const CapturedExchange& exchange, const HttpReply& reply) {
  constexpr std::size_t kDepthMax = 64;
  if (reply.body.empty()) return "";
  const std::string size = absl::StrCat("(", reply.body.size(), " bytes");
  if (IsHtml(reply)) return size + " of HTML)";
  if (reply.body.size() > kCapturedBodyBytesMax) return size + ", too many to show)";
  // The doctor asks Symphony for nothing but log-ons, whatever their paths are set to.
  const bool of_logon = exchange.request.path.starts_with("/platform/");
  nlohmann::json document = DepthOf(reply.body) > kDepthMax
                                ? nlohmann::json(nlohmann::json::value_t::discarded)
                                : nlohmann::json::parse(reply.body, nullptr, false);
  if (document.is_discarded()) {
    return of_logon ? size + " that are not JSON)"
                    : ScrubUpstreamText(reply.body, reply.secrets, kUpstreamTextBytesMax);
  }
  MaskJson(document, of_logon, reply.secrets);
  return document.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

void AppendRequest(const CapturedExchange& exchange, std::string& out) {
  const HttpRequest& request = exchange.request;
  absl::StrAppend(&out, "> ", request.method, " ", RenderMaskedTarget(exchange.origin, request), "\n");
  for (const HttpHeader& header : request.headers) {
    const bool secret = header.secrecy == Secrecy::kSecret || NamesCredential(header.name);
    absl::StrAppend(&out, "> ", header.name, ": ", secret ? kStars : OneLine(header.value), "\n");
  }
  if (!request.body.empty()) absl::StrAppend(&out, "> (", request.body.size(), " bytes)\n");
}

void AppendResult(const CapturedExchange& exchange, std::string& out) {
  if (const auto* failure = std::get_if<SendFailure>(&exchange.result)) {
    const std::string_view phase = PhaseName(failure->phase);
    absl::StrAppend(&out, "< no answer (", absl::string_view(phase.data(), phase.size()),
                    "): ", OneLine(failure->detail), "\n");
    return;
  }
  const auto& reply = std::get<HttpReply>(exchange.result);
  absl::StrAppend(&out, "< ", reply.status, "\n");
  for (const HttpHeader& header : reply.headers) {
    const std::string value = WithoutSecrets(MaskedAnswerHeader(header), reply.secrets);
    absl::StrAppend(&out, "< ", OneLine(header.name), ": ", OneLine(value), "\n");
  }
  const std::string body = WithoutSecrets(MaskedBody(exchange, reply), reply.secrets);
  if (!body.empty()) absl::StrAppend(&out, "<\n< ", OneLine(body), "\n");
}

// What stands behind the scheme; of a user and a password the password, too.
void AddSecretsOfAuthorization(const std::string& value, std::vector<std::string>& secrets) {
  const std::string credential = value.substr(std::min(value.find(' '), value.size() - 1) + 1);
  secrets.push_back(credential);
  std::string decoded;
  if (!absl::Base64Unescape(credential, &decoded)) return;
  secrets.push_back(decoded);
  const std::size_t colon = decoded.find(':');
  if (colon != std::string::npos) secrets.push_back(decoded.substr(colon + 1));
}

}  // namespace

void NoteSecrets(const HttpRequest& request, HttpReply& reply) {
  std::vector<std::string>& secrets = reply.secrets;
  AddSecretsOf(request, secrets);
  AddSetCookiesOf(reply, secrets);
  for (const HttpHeader& header : request.headers) {
    if (header.secrecy != Secrecy::kSecret) continue;
    if (header.name == "cookie") {
      for (std::string& value : CookieValues(header.value)) secrets.push_back(std::move(value));
    }
    if (header.name == "authorization") AddSecretsOfAuthorization(header.value, secrets);
  }
}

std::string Capture::Text() const {
  std::string out = "What session-gateway doctor exchanged. Secrets are shown as ***.\n";
  for (const CapturedExchange& exchange : exchanges_) {
    out += '\n';
    AppendRequest(exchange, out);
    AppendResult(exchange, out);
  }
  return out;
}

bool WritePrivateFile(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  std::error_code failed;
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
                               failed);
  if (failed) return false;
  file << text << std::flush;
  return static_cast<bool>(file);
}

}  // namespace session_gateway
