#include "translator/rest_preview.h"

#include <algorithm>
#include <array>

namespace session_gateway {
namespace {

constexpr std::array<std::string_view, 8> kShownHeaders = {"accept",        "accept-encoding", "content-type",
                                                           "authorization", "cookie",          "x-qlik-user",
                                                           "x-qlik-xrfkey", "x-qlik-security"};

}  // namespace

sessiongateway::v1::RestRequest PreviewRequest(std::string_view base, const HttpRequest& request) {
  sessiongateway::v1::RestRequest preview;
  preview.set_method(request.method);
  preview.set_url(RenderMaskedTarget(base, request));
  for (const HttpHeader& header : request.headers) {
    if (std::find(kShownHeaders.begin(), kShownHeaders.end(), header.name) == kShownHeaders.end()) continue;
    (*preview.mutable_headers())[header.name] = header.secrecy == Secrecy::kSecret ? "***" : header.value;
  }
  preview.set_body(request.body.text());
  return preview;
}

}  // namespace session_gateway
