#include "server/upstream/request_text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace session_gateway {
namespace {

bool IsVisibleAscii(char c) { return c > 0x20 && c < 0x7f; }

// RFC 9110 5.6.2
bool IsTokenChar(char c) {
  constexpr std::string_view kNotInTokens = "\"(),/:;<=>?@[\\]{}";
  return IsVisibleAscii(c) && kNotInTokens.find(c) == std::string_view::npos;
}

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar);
}

// Any byte but the control characters, the tabulator among them: nothing that is sent needs one.
bool IsValueByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte != 0x7f;
}

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
  if (!std::all_of(endpoint.host.begin(), endpoint.host.end(), IsVisibleAscii) || endpoint.host.empty()) {
    return RefusedText{"the endpoint's host holds a forbidden byte"};
  }
  if (target.empty() || target.front() != '/') return RefusedText{"the target does not begin with a slash"};
  if (!std::all_of(target.begin(), target.end(), IsVisibleAscii) ||
      target.find('#') != std::string_view::npos) {
    return RefusedText{"the target holds a forbidden byte"};
  }
  for (const HttpHeader& header : request.headers) {
    if (!IsToken(header.name)) return RefusedText{"a header's name is not a token"};
    if (IsFramingHeader(header.name)) {
      return RefusedText{"the header " + header.name + " is written by the gateway alone"};
    }
    if (!std::all_of(header.value.begin(), header.value.end(), IsValueByte)) {
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
