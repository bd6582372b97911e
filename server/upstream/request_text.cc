#include "server/upstream/request_text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace session_gateway {
namespace {

using CharacterSet = std::array<bool, 256>;

template <typename IsIn>
constexpr CharacterSet SetOf(IsIn is_in) {
  CharacterSet set = {};
  for (unsigned c = 0; c < set.size(); ++c) set[c] = is_in(static_cast<unsigned char>(c));
  return set;
}

constexpr bool IsVisible(unsigned char c) { return c > 0x20 && c < 0x7f; }

constexpr CharacterSet kVisibleAscii = SetOf(IsVisible);

// RFC 9110 5.6.2
constexpr CharacterSet kTokenCharacters = SetOf([](unsigned char c) {
  constexpr std::string_view kNotInTokens = "\"(),/:;<=>?@[\\]{}";
  return IsVisible(c) && kNotInTokens.find(static_cast<char>(c)) == std::string_view::npos;
});

// Any byte but the control characters, the tabulator among them: nothing that is sent needs one.
constexpr CharacterSet kValueBytes = SetOf([](unsigned char c) { return c >= 0x20 && c != 0x7f; });

bool AreAll(std::string_view text, const CharacterSet& set) {
  return std::all_of(text.begin(), text.end(), [&set](char c) { return set[static_cast<unsigned char>(c)]; });
}

bool IsToken(std::string_view text) { return !text.empty() && AreAll(text, kTokenCharacters); }

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// Headers that say where a message ends or what becomes of its connection.
bool IsFramingHeader(std::string_view name) {
  constexpr std::array<std::string_view, 10> kFraming = {
      "host", "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection",
      "te",   "trailer",        "upgrade",           "expect"};
  return std::any_of(kFraming.begin(), kFraming.end(),
                     [&](std::string_view framing) { return EqualsIgnoringCase(framing, name); });
}

std::optional<RefusedText> Check(const Endpoint& endpoint, const HttpRequest& request,
                                 std::string_view target) {
  // Answers to HEAD and CONNECT end where others go on, which the engine does not know of.
  if (request.method != "POST" && request.method != "GET") {
    return RefusedText{"a method other than POST and GET"};
  }
  if (!AreAll(endpoint.host, kVisibleAscii) || endpoint.host.empty()) {
    return RefusedText{"the endpoint's host holds a forbidden byte"};
  }
  if (target.empty() || target.front() != '/') return RefusedText{"the target does not begin with a slash"};
  if (!AreAll(target, kVisibleAscii) || target.find('#') != std::string_view::npos) {
    return RefusedText{"the target holds a forbidden byte"};
  }
  for (const HttpHeader& header : request.headers) {
    if (!IsToken(header.name)) return RefusedText{"a header's name is not a token"};
    if (IsFramingHeader(header.name)) {
      return RefusedText{"the header " + header.name + " is written by the gateway alone"};
    }
    if (!AreAll(header.value, kValueBytes)) {
      return RefusedText{"the value of the header " + header.name + " holds a control character"};
    }
  }
  return std::nullopt;
}

}  // namespace

std::variant<std::string, RefusedText> RequestHead(const Endpoint& endpoint, const HttpRequest& request) {
  const std::string target = RenderTarget(endpoint.prefix, request);
  if (auto refused = Check(endpoint, request, target)) return *refused;

  const auto append_line = [](std::string& text, std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  std::string head;
  std::size_t size = request.method.size() + target.size() + endpoint.host.size() + 96;
  for (const HttpHeader& header : request.headers) size += header.name.size() + header.value.size() + 4;
  head.reserve(size);
  head.append(request.method).append(" ").append(target).append(" HTTP/1.1\r\n");
  append_line(head, "host", endpoint.HostPort());
  for (const HttpHeader& header : request.headers) append_line(head, header.name, header.value);
  if (!request.body.empty() || request.method == "POST") {
    append_line(head, "content-length", std::to_string(request.body.size()));
  }
  head.append("\r\n");
  return head;
}

}  // namespace session_gateway
