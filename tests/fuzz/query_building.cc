// Names and values -> the target and the head of a request: nothing that is handed in gets out of its place.
//
// Input: parts of four kinds, each a byte for its kind, one for the length of its name, the name, one for the
// length of its value, the value.
#include <cstdint>

#include "server/upstream/request_text.h"
#include "tests/fuzz/invariant.h"
#include "translator/rest_preview.h"

namespace session_gateway::fuzzing {
namespace {

constexpr char kPath[] = "/qrs/executionsession";

std::string Take(std::string_view& data) {
  if (data.empty()) return {};
  const std::size_t size = std::min<std::size_t>(static_cast<std::uint8_t>(data.front()), data.size() - 1);
  std::string text(data.substr(1, size));
  data.remove_prefix(1 + size);
  return text;
}

HttpRequest Decode(std::string_view data) {
  HttpRequest request;
  request.method = "POST";
  request.path = kPath;
  while (!data.empty()) {
    const auto kind = static_cast<std::uint8_t>(data.front());
    data.remove_prefix(1);
    std::string name = Take(data);
    std::string value = Take(data);
    const Secrecy secrecy = (kind & 1) != 0 ? Secrecy::kSecret : Secrecy::kPublic;
    if ((kind & 2) != 0) {
      request.headers.push_back({std::move(name), std::move(value), secrecy});
    } else {
      request.query.push_back({std::move(name), std::move(value), secrecy});
    }
  }
  return request;
}

// Takes a target apart again: what was put in, in its order.
void RequireSameQuery(std::string_view target, const HttpRequest& request) {
  const std::string lead = std::string("/prefix") + kPath;
  Require(target.substr(0, lead.size()) == lead, "the target begins with prefix and path");
  target.remove_prefix(lead.size());
  Require(target.empty() == request.query.empty(), "a query is there when something is in it");
  for (std::size_t i = 0; i < request.query.size(); ++i) {
    Require(!target.empty() && target.front() == (i == 0 ? '?' : '&'), "parameters are set apart");
    target.remove_prefix(1);
    const std::string_view param = target.substr(0, target.find('&'));
    target.remove_prefix(param.size());
    const std::size_t equals = param.find('=');
    Require(equals != std::string_view::npos, "a parameter has a value");
    const std::string_view name = param.substr(0, equals);
    const std::string_view value = param.substr(equals + 1);
    Require(IsPercentEncodedText(name) && IsPercentEncodedText(value), "only unreserved bytes and %XX");
    Require(PercentDecode(name) == request.query[i].name, "a name is the one that was given");
    Require(PercentDecode(value) == request.query[i].value, "a value is the one that was given");
  }
  Require(target.empty(), "nothing follows the query");
}

// With other secrets everything that is shown stays the same.
void RequireMasked(const HttpRequest& request) {
  HttpRequest other = request;
  for (QueryParam& param : other.query) {
    if (param.secrecy == Secrecy::kSecret) param.value += "another";
  }
  for (HttpHeader& header : other.headers) {
    if (header.secrecy == Secrecy::kSecret) header.value += "another";
  }
  Require(RenderMaskedTarget("/prefix", request) == RenderMaskedTarget("/prefix", other),
          "the masked target does not tell one secret from another");
  const auto preview = PreviewRequest("http://upstream:80", request);
  const auto other_preview = PreviewRequest("http://upstream:80", other);
  Require(preview.url() == other_preview.url(), "the preview's URL does not tell one secret from another");
  Require(preview.headers().size() == other_preview.headers().size(), "the preview has the same headers");
  for (const auto& [name, value] : preview.headers()) {
    Require(other_preview.headers().at(name) == value, "the preview does not tell one secret from another",
            name);
  }
}

void RequireWholeLines(const std::string& head, const HttpRequest& request) {
  std::size_t line = 0;
  std::size_t at = 0;
  for (std::size_t end = head.find("\r\n"); end != std::string::npos; end = head.find("\r\n", at)) {
    const std::string text = head.substr(at, end - at);
    at = end + 2;
    // The request line and host come first, then the headers as given, then content-length and the empty
    // line.
    if (line >= 2 && line - 2 < request.headers.size()) {
      const HttpHeader& header = request.headers[line - 2];
      Require(text == header.name + ": " + header.value, "each header is one line", text);
    }
    for (char c : text)
      Require(static_cast<unsigned char>(c) >= ' ' && c != 0x7f, "no control character leaves");
    ++line;
  }
  Require(at == head.size() && line == request.headers.size() + 4,
          "the head has the lines that it was given");
}

void Fuzz(const HttpRequest& request) {
  const std::string target = RenderTarget("/prefix", request);
  RequireSameQuery(target, request);
  RequireMasked(request);
  for (const HttpHeader& header : request.headers) {
    const std::string encoded = PercentEncode(header.value);
    Require(IsPercentEncodedText(encoded) && PercentDecode(encoded) == header.value,
            "an encoded text reads the same");
  }
  const auto head = RequestHead({"http", "upstream", 80, "/prefix"}, request);
  if (const auto* text = std::get_if<std::string>(&head)) {
    RequireWholeLines(*text, request);
  } else {
    Require(!request.headers.empty(), "a query alone is never refused");
  }
}

}  // namespace
}  // namespace session_gateway::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fuzzing = session_gateway::fuzzing;
  fuzzing::Fuzz(fuzzing::Decode({reinterpret_cast<const char*>(data), size}));
  return 0;
}
