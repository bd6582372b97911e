// `validate_only`: the request that would be sent, as a message, with each secret as `***`.
//
// Thread rule: pure. Never here: making credentials.
#pragma once

#include <string_view>

#include "sessiongateway/v1/rest_request.pb.h"
#include "translator/http_message.h"

namespace session_gateway {

// `base` is `scheme://host:port[/prefix]` of the first configured endpoint. The request already carries its
// credentials, or stand-ins for those that are not there yet.
sessiongateway::v1::RestRequest PreviewRequest(std::string_view base, const HttpRequest& request);

}  // namespace session_gateway
