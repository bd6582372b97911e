#include "translator/http_message.h"

namespace session_gateway {
namespace {

constexpr std::string_view kMask = "***";

bool IsUnreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void AppendPercentEncoded(std::string_view text, std::string& out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (char c : text) {
    if (IsUnreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

enum class Secrets { kShown, kMasked };

std::string Render(std::string_view prefix, const HttpRequest& request, Secrets secrets) {
  std::string target;
  target.reserve(prefix.size() + request.path.size() + 64);
  target += prefix;
  target += request.path;
  char separator = '?';
  for (const QueryParam& param : request.query) {
    target += separator;
    AppendPercentEncoded(param.name, target);
    target += '=';
    if (secrets == Secrets::kMasked && param.secrecy == Secrecy::kSecret) {
      target += kMask;
    } else {
      AppendPercentEncoded(param.value, target);
    }
    separator = '&';
  }
  return target;
}

}  // namespace

const std::string* HttpReply::FindHeader(std::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (header.name == name) return &header.value;
  }
  return nullptr;
}

std::string_view PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kValidate:
      return "validate";
    case Phase::kQueue:
      return "queue";
    case Phase::kResolve:
      return "resolve";
    case Phase::kConnect:
      return "connect";
    case Phase::kHandshake:
      return "handshake";
    case Phase::kLogon:
      return "logon";
    case Phase::kSend:
      return "send";
    case Phase::kWait:
      return "wait";
    case Phase::kReceive:
      return "receive";
    case Phase::kParse:
      return "parse";
  }
  return "";
}

std::string PercentEncode(std::string_view text) {
  std::string out;
  AppendPercentEncoded(text, out);
  return out;
}

std::string RenderTarget(std::string_view prefix, const HttpRequest& request) {
  return Render(prefix, request, Secrets::kShown);
}

std::string RenderMaskedTarget(std::string_view prefix, const HttpRequest& request) {
  return Render(prefix, request, Secrets::kMasked);
}

}  // namespace session_gateway
