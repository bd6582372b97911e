// The messages of grpc.reflection.v1 and v1alpha, which are the same but for their package, read and written
// as bytes: no package of the system has code for them.
//
// Thread rule: any thread. Never here: what a request is answered with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace session_gateway {

struct ReflectionRequest {
  enum class Kind {
    kNone,
    kFileByFilename,
    kFileContainingSymbol,
    kFileContainingExtension,
    kAllExtensionNumbersOfType,
    kListServices
  };

  std::string host;
  Kind kind = Kind::kNone;
  std::string name;                   // of the file, the symbol, or the type that is extended
  std::int32_t extension_number = 0;  // for kFileContainingExtension
};

// Nothing when the bytes are no request.
std::optional<ReflectionRequest> ParseReflectionRequest(const std::string& bytes);

// The four answers, each the bytes of a field of ServerReflectionResponse.
std::string FileDescriptorsAnswer(const std::vector<std::string_view>& files);
std::string ExtensionNumbersAnswer(std::string_view type, const std::vector<std::int32_t>& numbers);
std::string ServicesAnswer(const std::vector<std::string>& services);
std::string ErrorAnswer(int code, std::string_view message);

// ServerReflectionResponse: `request` are the bytes of what is answered.
std::string ReflectionResponse(std::string_view host, std::string_view request, std::string_view answer);

}  // namespace session_gateway
