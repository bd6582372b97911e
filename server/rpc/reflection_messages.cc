#include "server/rpc/reflection_messages.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include <utility>

namespace session_gateway {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;
using Kind = ReflectionRequest::Kind;

// Fields of ServerReflectionRequest, and of its ExtensionRequest.
constexpr int kHost = 1;
constexpr int kFileByFilename = 3;
constexpr int kFileContainingSymbol = 4;
constexpr int kFileContainingExtension = 5;
constexpr int kAllExtensionNumbersOfType = 6;
constexpr int kListServices = 7;
constexpr int kContainingType = 1;
constexpr int kExtensionNumber = 2;

// Fields of ServerReflectionResponse, and of the messages in it.
constexpr int kValidHost = 1;
constexpr int kOriginalRequest = 2;
constexpr int kFileDescriptorResponse = 4;
constexpr int kAllExtensionNumbersResponse = 5;
constexpr int kListServicesResponse = 6;
constexpr int kErrorResponse = 7;
constexpr int kFileDescriptorProto = 1;
constexpr int kBaseTypeName = 1;
constexpr int kExtensionNumbers = 2;
constexpr int kService = 1;
constexpr int kServiceName = 1;
constexpr int kErrorCode = 1;
constexpr int kErrorMessage = 2;

CodedInputStream InputOf(const std::string& bytes) {
  return CodedInputStream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                          static_cast<int>(bytes.size()));
}

bool IsBytes(std::uint32_t tag) {
  return WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
}

bool ParseExtension(const std::string& bytes, ReflectionRequest& request) {
  constexpr std::uint32_t kNumberTag =
      WireFormatLite::MakeTag(kExtensionNumber, WireFormatLite::WIRETYPE_VARINT);
  CodedInputStream input = InputOf(bytes);
  while (const std::uint32_t tag = input.ReadTag()) {
    bool read = false;
    if (tag == kNumberTag) {
      read = WireFormatLite::ReadPrimitive<std::int32_t, WireFormatLite::TYPE_INT32>(
          &input, &request.extension_number);
    } else if (IsBytes(tag) && WireFormatLite::GetTagFieldNumber(tag) == kContainingType) {
      read = WireFormatLite::ReadBytes(&input, &request.name);
    } else {
      read = WireFormatLite::SkipField(&input, tag);
    }
    if (!read) return false;
  }
  return input.ConsumedEntireMessage();
}

Kind KindOf(std::uint32_t tag) {
  if (!IsBytes(tag)) return Kind::kNone;
  switch (WireFormatLite::GetTagFieldNumber(tag)) {
    case kFileByFilename:
      return Kind::kFileByFilename;
    case kFileContainingSymbol:
      return Kind::kFileContainingSymbol;
    case kFileContainingExtension:
      return Kind::kFileContainingExtension;
    case kAllExtensionNumbersOfType:
      return Kind::kAllExtensionNumbersOfType;
    case kListServices:
      return Kind::kListServices;
    default:
      return Kind::kNone;
  }
}

// Fields are written in the order of their numbers.
class Writer {
 public:
  void Bytes(int field, std::string_view bytes) {
    WireFormatLite::WriteTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, &output_);
    output_.WriteVarint32(static_cast<std::uint32_t>(bytes.size()));
    output_.WriteRaw(bytes.data(), static_cast<int>(bytes.size()));
  }
  void Int32(int field, std::int32_t number) { WireFormatLite::WriteInt32(field, number, &output_); }
  std::string Take() {
    output_.Trim();
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
  StringOutputStream stream_{&bytes_};
  CodedOutputStream output_{&stream_};
};

std::string Field(int number, std::string_view bytes) {
  Writer writer;
  writer.Bytes(number, bytes);
  return writer.Take();
}

}  // namespace

std::optional<ReflectionRequest> ParseReflectionRequest(const std::string& bytes) {
  ReflectionRequest request;
  CodedInputStream input = InputOf(bytes);
  while (const std::uint32_t tag = input.ReadTag()) {
    bool read = false;
    if (const Kind kind = KindOf(tag); kind != Kind::kNone) {
      // Of the alternatives the last counts.
      request.kind = kind;
      request.extension_number = 0;
      read = WireFormatLite::ReadBytes(&input, &request.name);
    } else if (IsBytes(tag) && WireFormatLite::GetTagFieldNumber(tag) == kHost) {
      read = WireFormatLite::ReadBytes(&input, &request.host);
    } else {
      read = WireFormatLite::SkipField(&input, tag);
    }
    if (!read) return std::nullopt;
  }
  if (!input.ConsumedEntireMessage()) return std::nullopt;
  if (request.kind != Kind::kFileContainingExtension) return request;
  const std::string extension = std::exchange(request.name, {});
  if (!ParseExtension(extension, request)) return std::nullopt;
  return request;
}

std::string FileDescriptorsAnswer(const std::vector<std::string_view>& files) {
  Writer writer;
  for (const std::string_view file : files) writer.Bytes(kFileDescriptorProto, file);
  return Field(kFileDescriptorResponse, writer.Take());
}

std::string ExtensionNumbersAnswer(std::string_view type, const std::vector<std::int32_t>& numbers) {
  Writer writer;
  writer.Bytes(kBaseTypeName, type);
  // One by one is as good as packed to every reader.
  for (const std::int32_t number : numbers) writer.Int32(kExtensionNumbers, number);
  return Field(kAllExtensionNumbersResponse, writer.Take());
}

std::string ServicesAnswer(const std::vector<std::string>& services) {
  Writer writer;
  for (const std::string& service : services) writer.Bytes(kService, Field(kServiceName, service));
  return Field(kListServicesResponse, writer.Take());
}

std::string ErrorAnswer(int code, std::string_view message) {
  Writer writer;
  writer.Int32(kErrorCode, code);
  writer.Bytes(kErrorMessage, message);
  return Field(kErrorResponse, writer.Take());
}

std::string ReflectionResponse(std::string_view host, std::string_view request, std::string_view answer) {
  Writer writer;
  writer.Bytes(kValidHost, host);
  writer.Bytes(kOriginalRequest, request);
  return writer.Take().append(answer);
}

}  // namespace session_gateway
