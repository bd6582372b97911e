// Reflection's answers, read by a reader of their own.
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/server/byte_stream.h"
#include "tests/server/rpc_harness.h"

namespace session_gateway {
namespace {

using google::protobuf::FileDescriptorProto;

constexpr char kReflectionV1Method[] = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
// Fields of the response and of what is in it.
constexpr int kValidHost = 1;
constexpr int kOriginalRequest = 2;
constexpr int kFiles = 4;
constexpr int kExtensionNumbers = 5;
constexpr int kServices = 6;
constexpr int kError = 7;

// A message's fields as they stand; numbers as their bytes.
using Fields = std::multimap<int, std::string>;

Fields FieldsOf(const std::string& message) {
  Fields fields;
  std::size_t at = 0;
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0; at < message.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(message[at++]);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < message.size()) {
    const std::uint64_t tag = varint();
    const std::uint64_t value = varint();
    const bool is_bytes = (tag & 7) == 2;
    fields.emplace(static_cast<int>(tag >> 3), is_bytes ? message.substr(at, value) : std::to_string(value));
    if (is_bytes) at += value;
  }
  return fields;
}

std::vector<std::string> All(const Fields& fields, int number) {
  std::vector<std::string> values;
  for (auto [at, end] = fields.equal_range(number); at != end; ++at) values.push_back(at->second);
  return values;
}

std::string Only(const Fields& fields, int number) {
  const std::vector<std::string> values = All(fields, number);
  EXPECT_EQ(values.size(), 1U) << number;
  return values.empty() ? std::string() : values.front();
}

// A field of short bytes.
std::string Field(int number, const std::string& value) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(value.size())} + value;
}
std::string FileByFilename(const std::string& name) { return Field(3, name); }
std::string FileContainingSymbol(const std::string& name) { return Field(4, name); }
std::string FileContainingExtension(const std::string& type, const std::string& number) {
  return Field(5, Field(1, type) + "\x10" + number);
}
std::string AllExtensionNumbers(const std::string& type) { return Field(6, type); }
std::string ListServices() { return Field(7, "*"); }

class RpcReflectionTest : public testing::TestWithParam<const char*> {
 protected:
  Fields Ask(const std::string& request) {
    const auto [status, response] = CallRaw(server_.Connect(), GetParam(), request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    const Fields fields = FieldsOf(response);
    EXPECT_EQ(Only(fields, kOriginalRequest), request);
    return fields;
  }
  std::vector<FileDescriptorProto> Files(const std::string& request) {
    std::vector<FileDescriptorProto> files;
    for (const std::string& bytes : All(FieldsOf(Only(Ask(request), kFiles)), 1)) {
      EXPECT_TRUE(files.emplace_back().ParseFromString(bytes));
    }
    return files;
  }
  std::pair<std::string, std::string> Error(const std::string& request) {
    const Fields error = FieldsOf(Only(Ask(request), kError));
    return {Only(error, 1), Only(error, 2)};
  }

  TestServer server_{Echo};
};

INSTANTIATE_TEST_SUITE_P(, RpcReflectionTest, testing::Values(kReflectionMethod, kReflectionV1Method),
                         [](const auto& method) { return method.index == 0 ? "Alpha" : "One"; });

TEST_P(RpcReflectionTest, ListsAllServices) {
  std::vector<std::string> names;
  for (const std::string& service : All(FieldsOf(Only(Ask(ListServices()), kServices)), 1)) {
    names.push_back(Only(FieldsOf(service), 1));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"sessiongateway.v1.SessionGateway", "grpc.health.v1.Health",
                                             "grpc.reflection.v1.ServerReflection",
                                             "grpc.reflection.v1alpha.ServerReflection"}));
}

TEST_P(RpcReflectionTest, AFileComesFirstAndThenEachImportOnce) {
  const std::vector<FileDescriptorProto> files =
      Files(FileByFilename("sessiongateway/v1/session_gateway.proto"));
  ASSERT_FALSE(files.empty());
  EXPECT_EQ(files[0].name(), "sessiongateway/v1/session_gateway.proto");
  std::set<std::string> names;
  for (const FileDescriptorProto& file : files) EXPECT_TRUE(names.insert(file.name()).second) << file.name();
  for (const FileDescriptorProto& file : files) {
    for (const std::string& import : file.dependency()) EXPECT_TRUE(names.contains(import)) << import;
  }
  EXPECT_TRUE(names.contains("sessiongateway/v1/symphony.proto"));
  EXPECT_TRUE(names.contains("google/protobuf/timestamp.proto"));
}

TEST_P(RpcReflectionTest, ASymbolIsAMessageAServiceAMethodOrAField) {
  const std::pair<std::string, std::string> files[] = {
      {"sessiongateway.v1.CreateSessionRequest", "sessiongateway/v1/symphony.proto"},
      {"sessiongateway.v1.CreateSessionRequest.application_name", "sessiongateway/v1/symphony.proto"},
      {"sessiongateway.v1.SessionGateway", "sessiongateway/v1/session_gateway.proto"},
      {"sessiongateway.v1.SessionGateway.CreateSession", "sessiongateway/v1/session_gateway.proto"},
      {"google.protobuf.Timestamp", "google/protobuf/timestamp.proto"}};
  for (const auto& [symbol, name] : files) {
    const std::vector<FileDescriptorProto> found = Files(FileContainingSymbol(symbol));
    ASSERT_FALSE(found.empty()) << symbol;
    EXPECT_EQ(found[0].name(), name);
  }
}

TEST_P(RpcReflectionTest, KnowsExtensions) {
  const std::string type = "google.protobuf.FieldOptions";
  const Fields numbers = FieldsOf(Only(Ask(AllExtensionNumbers(type)), kExtensionNumbers));
  EXPECT_EQ(Only(numbers, 1), type);
  const std::vector<std::string> found = All(numbers, 2);
  ASSERT_FALSE(found.empty());
  std::string number;
  for (std::uint64_t rest = std::stoull(found[0]); rest > 0; rest >>= 7) {
    number += static_cast<char>((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  }
  const std::vector<FileDescriptorProto> files = Files(FileContainingExtension(type, number));
  ASSERT_FALSE(files.empty());
  const auto& extensions = files[0].extension();
  EXPECT_TRUE(std::any_of(extensions.begin(), extensions.end(), [&](const auto& extension) {
    return std::to_string(extension.number()) == found[0];
  }));
  // A type that has none has an empty list.
  const Fields none =
      FieldsOf(Only(Ask(AllExtensionNumbers("google.protobuf.Timestamp")), kExtensionNumbers));
  EXPECT_TRUE(All(none, 2).empty());
}

TEST_P(RpcReflectionTest, SaysWhatItDoesNotKnow) {
  using NumberAndText = std::pair<std::string, std::string>;
  EXPECT_EQ(Error(FileByFilename("no.proto")), NumberAndText("5", "File not found."));
  EXPECT_EQ(Error(FileContainingSymbol("no.such")), NumberAndText("5", "Symbol not found."));
  EXPECT_EQ(Error(FileContainingExtension("no.such", "\x01")), NumberAndText("5", "Type not found."));
  EXPECT_EQ(Error(FileContainingExtension("google.protobuf.Timestamp", "\x01")),
            NumberAndText("5", "Extension not found."));
  EXPECT_EQ(Error(AllExtensionNumbers("no.such")), NumberAndText("5", "Type not found."));
  // Nothing is asked for.
  EXPECT_EQ(Error(Field(1, "host")), NumberAndText("12", ""));
}

TEST_P(RpcReflectionTest, TheHostComesBackAndTheLastQuestionCounts) {
  const Fields response = Ask(Field(1, "some.host") + FileByFilename("no.proto") + ListServices());
  EXPECT_EQ(Only(response, kValidHost), "some.host");
  EXPECT_EQ(All(response, kServices).size(), 1U);
  EXPECT_TRUE(All(response, kError).empty());
}

TEST_P(RpcReflectionTest, RequestsOfAStreamAreAnsweredOneByOne) {
  ByteStream stream(server_.Connect(), GetParam());
  const std::vector<std::string> requests = {ListServices(), FileByFilename("no.proto"),
                                             FileContainingSymbol("sessiongateway.v1.SessionGateway"),
                                             AllExtensionNumbers("google.protobuf.FieldOptions")};
  for (const std::string& request : requests) {
    ASSERT_TRUE(request == requests.back() ? stream.WriteLast(request) : stream.Write(request));
  }
  for (const std::string& request : requests) {
    const auto response = stream.Read();
    ASSERT_TRUE(response);
    EXPECT_EQ(Only(FieldsOf(*response), kOriginalRequest), request);
  }
  EXPECT_EQ(stream.Read(), std::nullopt);
  EXPECT_TRUE(stream.Finish().ok());
}

// The pool takes time with the square of such a name's length, and the loop would stand still meanwhile.
TEST_P(RpcReflectionTest, ALongNameCostsNothing) {
  std::string name;
  while (name.size() < 900 * 1024) name += "a.";
  for (const char field : {'\x1a', '\x22', '\x32'}) {
    const std::string request = std::string(1, field) + "\x80\xa0\x38" + name;
    ByteStream stream(server_.Connect(), GetParam());
    ASSERT_TRUE(stream.Write(request));
    const auto response = stream.Read();
    ASSERT_TRUE(response) << stream.Finish().error_message();
    EXPECT_EQ(Only(FieldsOf(Only(FieldsOf(*response), kError)), 1), "5");
  }
}

TEST_P(RpcReflectionTest, MalformedRequestsEndTheStream) {
  for (const std::string& malformed : {std::string("\x22\x05x"), std::string("\x00", 1), std::string("\x0b"),
                                       std::string(11, '\xff'), Field(5, "\x0a\x05x"), Field(5, "\x10")}) {
    ByteStream stream(server_.Connect(), GetParam());
    ASSERT_TRUE(stream.Write(malformed));
    const grpc::Status status = stream.Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(status.error_message(), "could not parse request");
  }
  ByteStream large(server_.Connect(), GetParam());
  ASSERT_TRUE(large.Write(std::string(TestServer::Options().request_size_max + 1, 'x')));
  EXPECT_EQ(large.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace session_gateway
