// One row for each thing that the sandbox upstreams refuse, and the words in which they say so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/sandbox/sandbox.h"
#include "tests/sandbox_test_client.h"

namespace session_gateway {
namespace {

using testing::HasSubstr;

struct Refused {
  const char* name;
  SandboxUpstream upstream;
  std::function<void(RawRequest&)> spoil;  // makes a good request into one that is refused
  int status;
  const char* words;
};

std::ostream& operator<<(std::ostream& out, const Refused& refused) { return out << refused.name; }

class SandboxRefusalTest : public testing::TestWithParam<Refused> {};

TEST_P(SandboxRefusalTest, IsSaidInWords) {
  const Refused& refused = GetParam();
  Sandbox sandbox(SandboxOptions{});
  ASSERT_EQ(sandbox.Start(), std::nullopt);
  const bool symphony = refused.upstream == kSymphony;
  const int port = symphony ? sandbox.symphony_port() : sandbox.qlik_port();
  RawRequest request = symphony ? SymphonyCreate() : QlikCreate();
  ASSERT_LT(ExchangeOnce(port, request).status, 300) << "the request must be good before it is spoiled";
  refused.spoil(request);
  const RawReply reply = ExchangeOnce(port, request);
  EXPECT_EQ(reply.status, refused.status) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr(refused.words));
  EXPECT_EQ(sandbox.counters(refused.upstream).refused, 1u);
  EXPECT_EQ(sandbox.counters(refused.upstream).creates, 1u);
  EXPECT_EQ(sandbox.requests(refused.upstream).back().refusal, reply.body);
}

std::function<void(RawRequest&)> Header(const char* name, const char* value) {
  return [=](RawRequest& request) { request.Set(name, value); };
}
std::function<void(RawRequest&)> Twice(const char* name, const char* value) {
  return [=](RawRequest& request) { request.headers.emplace_back(name, value); };
}
std::function<void(RawRequest&)> No(const char* name) {
  return [=](RawRequest& request) { request.Drop(name); };
}
std::function<void(RawRequest&)> Method(const char* method) {
  return [=](RawRequest& request) { request.method = method; };
}
std::function<void(RawRequest&)> Path(const char* path) {
  return [=](RawRequest& request) { request.target.replace(0, request.target.find('?'), path); };
}
std::function<void(RawRequest&)> QueryIs(const char* query) {
  return [=](RawRequest& request) {
    request.target.replace(request.target.find('?'), std::string::npos, query);
  };
}
void GetWithoutBody(RawRequest& request) {
  request.method = "GET";
  request.body.clear();
}
void SendChunked(RawRequest& request) {
  request.add_length = false;
  request.Set("Transfer-Encoding", "chunked");
  request.body = "2\r\n{}\r\n0\r\n\r\n";
}
void SendWithoutLength(RawRequest& request) { request.add_length = false; }

const Refused kSymphonyRequests[] = {
    {"Path", kSymphony, Path("/platform/rest/symrest/v1/clientapi/sessions"), 404, "unknown"},
    {"PathPrefix", kSymphony, Path("/x/platform/rest/symrest/v1/clientapi/session"), 404, "unknown"},
    {"GetMethod", kSymphony, GetWithoutBody, 405, "method GET"},
    {"GetWithBody", kSymphony, Method("GET"), 400, "is not the body's length"},
    {"PutMethod", kSymphony, Method("PUT"), 405, "method PUT"},
    {"NoHost", kSymphony, No("Host"), 400, "header Host: missing"},
    {"Chunked", kSymphony, SendChunked, 411, "header Transfer-Encoding"},
    {"NoLength", kSymphony, SendWithoutLength, 411, "header Content-Length: missing"},
    {"LengthTwice", kSymphony, Twice("content-length", "2"), 400, "stands here twice"},
    {"AcceptTwice", kSymphony, Twice("ACCEPT", "application/json"), 400, "stands here twice"},
    {"Expect", kSymphony, Header("Expect", "100-continue"), 417, "header Expect"},
    {"ContentEncoding", kSymphony, Header("Content-Encoding", "gzip"), 415, "header Content-Encoding"},
    {"NoContentType", kSymphony, No("Content-Type"), 415, "header Content-Type: missing"},
    {"ContentType", kSymphony, Header("Content-Type", "text/json"), 415, "header Content-Type: expected"},
    {"Charset", kSymphony, Header("Content-Type", "application/json; charset=latin1"), 415, "latin1"},
    {"NoAccept", kSymphony, No("Accept"), 406, "header Accept: missing"},
    {"Accept", kSymphony, Header("Accept", "*/*"), 406, "header Accept: expected"},
    {"AcceptEncoding", kSymphony, Header("Accept-Encoding", "gzip"), 406, "header Accept-Encoding"},
    {"NoQuery", kSymphony, QueryIs(""), 400, "applicationName: missing"},
    {"EmptyQuery", kSymphony, QueryIs("?"), 400, "query parameter \"\": unknown"},
    {"EmptyApplication", kSymphony, QueryIs("?applicationName="), 400, "applicationName: empty"},
    {"UnknownQuery", kSymphony, QueryIs("?applicationName=a&x=1"), 400, "query parameter \"x\": unknown"},
    {"QueryCase", kSymphony, QueryIs("?applicationname=a"), 400, "\"applicationname\": unknown"},
    {"QueryTwice", kSymphony, QueryIs("?applicationName=a&applicationName=a"), 400, "twice"},
    {"QueryOrder", kSymphony, QueryIs("?clusterId=c&applicationName=a"), 400, "out of order"},
    {"QueryNoValue", kSymphony, QueryIs("?applicationName"), 400, "has no value"},
    {"QueryTrailing", kSymphony, QueryIs("?applicationName=a&"), 400, "unknown"},
    {"QueryPlus", kSymphony, QueryIs("?applicationName=a+b"), 400, "a space is %20"},
    {"QueryRawSlash", kSymphony, QueryIs("?applicationName=a/b"), 400, "'/' stands raw"},
    {"QueryRawUtf8", kSymphony, QueryIs("?applicationName=\xC3\xA9"), 400, "stands raw"},
    {"QueryBrokenEscape", kSymphony, QueryIs("?applicationName=a%2"), 400, "broken percent-encoding"},
    {"QueryBadEscape", kSymphony, QueryIs("?applicationName=a%zz"), 400, "broken percent-encoding"},
    {"QueryControl", kSymphony, QueryIs("?applicationName=a%0A"), 400, "control characters"},
    {"QueryBrokenUtf8", kSymphony, QueryIs("?applicationName=a%C3"), 400, "broken UTF-8"},
};

const Refused kQlikRequests[] = {
    {"Path", kQlik, Path("/qrs/executionSession"), 404, "no matching endpoint"},
    {"GetMethod", kQlik, GetWithoutBody, 405, "method GET"},
    {"DeleteMethod", kQlik, Method("DELETE"), 405, "method DELETE"},
    {"NoKeyInQuery", kQlik, QueryIs(""), 403, "query parameter xrfkey: missing"},
    {"KeyCase", kQlik, QueryIs("?Xrfkey=0123456789abcDEF"), 403, "query parameter xrfkey: missing"},
    {"ShortKey", kQlik, QueryIs("?xrfkey=0123456789abcDE"), 403, "query parameter xrfkey: expected 16"},
    {"LongKey", kQlik, QueryIs("?xrfkey=0123456789abcDEF0"), 403, "query parameter xrfkey: expected 16"},
    {"KeyLetters", kQlik, QueryIs("?xrfkey=0123456789abc-EF"), 403, "query parameter xrfkey: expected 16"},
    {"OtherKey", kQlik, QueryIs("?xrfkey=0123456789abcdef"), 403, "differ"},
    {"NoKeyHeader", kQlik, No("X-Qlik-Xrfkey"), 403,
     "XSRF prevention check failed. Possible XSRF discovered."},
    {"ShortKeyHeader", kQlik, Header("X-Qlik-Xrfkey", "0"), 403, "header X-Qlik-Xrfkey: expected 16"},
    {"NoUser", kQlik, No("X-Qlik-User"), 403, "header X-Qlik-User: missing"},
    {"UserForm", kQlik, Header("X-Qlik-User", "INTERNAL\\sa_api"), 403, "expected UserDirectory="},
    {"UserSpace", kQlik, Header("X-Qlik-User", "UserDirectory=A; UserId=b"), 403, "expected UserDirectory="},
    {"UserRaw", kQlik, Header("X-Qlik-User", "UserDirectory=A;UserId=b c"), 403, "UserId: the character ' '"},
    {"UserThird", kQlik, Header("X-Qlik-User", "UserDirectory=A;UserId=b;c=d"), 403,
     "UserId: the character ';'"},
    {"UserEmpty", kQlik, Header("X-Qlik-User", "UserDirectory=;UserId=b"), 403, "an empty value"},
    {"Chunked", kQlik, SendChunked, 411, "header Transfer-Encoding"},
    {"ContentType", kQlik, Header("Content-Type", "text/plain"), 415, "header Content-Type"},
    {"Accept", kQlik, No("Accept"), 406, "header Accept"},
    {"AcceptEncoding", kQlik, Header("Accept-Encoding", "gzip, deflate"), 406, "header Accept-Encoding"},
    {"UnknownQuery", kQlik, QueryIs("?xrfkey=0123456789abcDEF&filter=a"), 400, "\"filter\": unknown"},
    {"PrivilegesFalse", kQlik, QueryIs("?xrfkey=0123456789abcDEF&privileges=false"), 400, "expected true"},
    {"PrivilegesEmpty", kQlik, QueryIs("?xrfkey=0123456789abcDEF&privileges="), 400, "expected true"},
    {"QueryOrder", kQlik, QueryIs("?privileges=true&xrfkey=0123456789abcDEF"), 400, "out of order"},
    {"KeyTwice", kQlik, QueryIs("?xrfkey=0123456789abcDEF&xrfkey=0123456789abcDEF"), 400, "twice"},
};

std::string NameOf(const testing::TestParamInfo<Refused>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Symphony, SandboxRefusalTest, testing::ValuesIn(kSymphonyRequests), NameOf);
INSTANTIATE_TEST_SUITE_P(Qlik, SandboxRefusalTest, testing::ValuesIn(kQlikRequests), NameOf);

struct Body {
  SandboxUpstream upstream;
  std::string text;
  std::string words;  // empty: it is accepted
};

// One server for a whole table: only the body differs.
void JudgeAll(const std::vector<Body>& bodies) {
  Sandbox sandbox(SandboxOptions{});
  ASSERT_EQ(sandbox.Start(), std::nullopt);
  for (const Body& body : bodies) {
    const bool symphony = body.upstream == kSymphony;
    const RawReply reply = symphony ? ExchangeOnce(sandbox.symphony_port(), SymphonyCreate(body.text))
                                    : ExchangeOnce(sandbox.qlik_port(), QlikCreate(body.text));
    if (body.words.empty()) {
      EXPECT_LT(reply.status, 300) << body.text << '\n' << reply.body;
    } else {
      EXPECT_EQ(reply.status, 400) << body.text;
      EXPECT_THAT(reply.body, HasSubstr(body.words)) << body.text;
    }
  }
}

TEST(SandboxBodyTest, MustBeOneJsonObject) {
  JudgeAll({
      {kSymphony, "", "body is not JSON: byte"},
      {kSymphony, "{", "body is not JSON: byte"},
      {kSymphony, "{}x", "body is not JSON: byte"},
      {kSymphony, "{'a':1}", "body is not JSON: byte"},
      {kSymphony, "{/**/}", "body is not JSON: byte"},
      {kSymphony, std::string("{}\0", 3), "byte 3 is NUL"},
      {kSymphony, "\xEF\xBB\xBF{}", "byte-order mark"},
      {kSymphony, "{\"sessionName\":\"\xFF\"}", "body is not JSON: byte"},
      {kSymphony, R"({"sessionName":"\ud800"})", "body is not JSON: byte"},
      {kSymphony, R"({"sessionPriority":01})", "body is not JSON: byte"},
      {kSymphony, "[]", "at the body: expected an object, got an array"},
      {kSymphony, "null", "at the body: expected an object, got null"},
      {kSymphony, "1", "at the body: expected an object, got 1"},
      {kSymphony, " {\r\n}\t", ""},
      {kQlik, "[]", "at the body: expected an object, got an array"},
      {kQlik, " {\r\n}\t", ""},
  });
}

TEST(SandboxBodyTest, UnknownAndDoubleMembersAreNamed) {
  JudgeAll({
      {kSymphony, R"({"SessionName":"a"})", "at /SessionName: unknown member"},
      {kSymphony, R"({"a/b~c":1})", "at /a~1b~0c: unknown member"},
      {kSymphony, R"({"parent":{"sessionId":"1"}})", "at /parent/sessionId: unknown member"},
      {kSymphony, R"({"dockerMountDefinition":[{},{"x":1}]})",
       "at /dockerMountDefinition/1/x: unknown member"},
      {kSymphony, R"({"resourcePreference":{"resourceAttributeDefinition":[{"x":1}]}})",
       "at /resourcePreference/resourceAttributeDefinition/0/x: unknown member"},
      {kSymphony, R"({"sessionName":"a","sessionName":"a"})", "at /sessionName: the key stands here twice"},
      {kSymphony, R"({"sessionName":"a","session\u004eame":"a"})",
       "at /sessionName: the key stands here twice"},
      {kSymphony, R"({"attributes":{"a":"1","a":"1"}})", "at /attributes/a: the key stands here twice"},
      {kQlik, R"({"app":{"stream":{"x":1}}})", "at /app/stream/x: unknown member"},
      {kQlik, R"({"reloadTask":{"operational":{"lastExecutionResult":{"details":[{"x":1}]}}}})",
       "at /reloadTask/operational/lastExecutionResult/details/0/x: unknown member"},
      {kQlik, R"({"userSyncTask":{"timeToLive":1}})", "at /userSyncTask/timeToLive: unknown member"},
  });
}

TEST(SandboxBodyTest, ValuesHaveTheFormOfTheirKind) {
  JudgeAll({
      {kSymphony, R"({"sessionName":1})", "at /sessionName: expected a string, got 1"},
      {kSymphony, R"({"preemptive":"true"})", "at /preemptive: expected true or false, got \"true\""},
      {kSymphony, R"({"preemptive":0})", "at /preemptive: expected true or false, got 0"},
      {kSymphony, R"({"sessionPriority":"10"})", "at /sessionPriority: expected an unquoted integer"},
      {kSymphony, R"({"sessionPriority":10.0})", "at /sessionPriority: expected an unquoted integer"},
      {kSymphony, R"({"sessionPriority":1e1})", "at /sessionPriority: expected an unquoted integer"},
      {kSymphony, R"({"sessionPriority":2147483647})", ""},
      {kSymphony, R"({"sessionPriority":2147483648})", "range of int32, got 2147483648"},
      {kSymphony, R"({"sessionPriority":-2147483648})", ""},
      {kSymphony, R"({"sessionPriority":-2147483649})", "range of int32, got -2147483649"},
      {kSymphony, R"({"serviceToSlotRatio":{"numSlots":4294967295}})", ""},
      {kSymphony, R"({"serviceToSlotRatio":{"numSlots":4294967296}})", "at /serviceToSlotRatio/numSlots"},
      {kSymphony, R"({"serviceToSlotRatio":{"numSlots":-1}})", "range of uint32, got -1"},
      {kSymphony, R"({"resourceLimit":{"cpuLimit":9223372036854775807}})", ""},
      {kSymphony, R"({"resourceLimit":{"cpuLimit":9223372036854775808}})", "at /resourceLimit/cpuLimit"},
      {kSymphony, R"({"resourceLimit":{"cpuLimit":-9223372036854775808}})", ""},
      {kSymphony, R"({"resourceLimit":{"cpuLimit":99999999999999999999}})", "at /resourceLimit/cpuLimit"},
      {kSymphony, R"({"defaultResourceAttributeValue":20})", "expected an unquoted number with a fraction"},
      {kSymphony, R"({"defaultResourceAttributeValue":99999999999999999999})",
       "with a fraction or an exponent"},
      {kSymphony, R"({"defaultResourceAttributeValue":"20.0"})", "expected an unquoted number"},
      {kSymphony, R"({"defaultResourceAttributeValue":1e+300})", ""},
      {kSymphony, R"({"defaultResourceAttributeValue":-0.0})", ""},
      {kSymphony, R"({"datasetDependencies":"a"})", "expected an array of strings"},
      {kSymphony, R"({"datasetDependencies":["a",1]})",
       "at /datasetDependencies/1: expected a string, got 1"},
      {kSymphony, R"({"datasetDependencies":[null]})",
       "at /datasetDependencies/0: expected a string, got null"},
      {kSymphony, R"({"dockerMountDefinition":{}})", "expected an array of objects, got an object"},
      {kSymphony, R"({"dockerMountDefinition":[1]})", "at /dockerMountDefinition/0: expected an object"},
      {kSymphony, R"({"parent":[]})", "at /parent: expected an object, got an array"},
      {kSymphony, R"({"attributes":{"a":1}})", "at /attributes/a: expected a string, got 1"},
      {kSymphony, R"({"attributes":{"any/thing":"1"}})", ""},
      {kSymphony, R"({"attributes":[]})", "at /attributes: expected an object of strings"},
      {kQlik, R"({"duration":1})", "at /duration: unknown member"},
      {kQlik, R"({"executionResult":{"status":{}}})",
       "at /executionResult/status: expected an unquoted integer"},
      {kQlik, R"({"executionResult":{"status":"FinishedSuccess"}})", "(an enum), got \"FinishedSuccess\""},
      {kQlik, R"({"executionResult":{"status":99}})", ""},
      {kQlik, R"({"executionResult":{"scriptLogSize":9223372036854775807}})", ""},
      {kQlik, R"({"abortReason":2147483648})", "at /abortReason"},
      {kQlik, R"({"privileges":[]})", ""},
  });
}

TEST(SandboxBodyTest, NullIsAcceptedForKnownMembers) {
  JudgeAll({
      {kSymphony, R"({"sessionName":null,"commonData":null,"parent":null,"attributes":null})", ""},
      {kSymphony, R"({"sessionPriority":null,"dockerMountDefinition":[{"readonly":null}]})", ""},
      {kSymphony, R"({"nothing":null})", "at /nothing: unknown member"},
      {kQlik, R"({"id":null,"createdDate":null,"privileges":null,"app":{"stream":null}})", ""},
  });
}

TEST(SandboxBodyTest, DatesHaveOneForm) {
  JudgeAll({
      {kQlik, R"({"abortAt":"2024-02-29T23:59:59.999Z"})", ""},
      {kQlik, R"({"abortAt":"0001-01-01T00:00:00.000Z"})", ""},
      {kQlik, R"({"abortAt":"2023-02-29T00:00:00.000Z"})", "at /abortAt: expected a date"},
      {kQlik, R"({"abortAt":"1900-02-29T00:00:00.000Z"})", "at /abortAt: expected a date"},
      {kQlik, R"({"abortAt":"2024-13-01T00:00:00.000Z"})", "at /abortAt: expected a date"},
      {kQlik, R"({"abortAt":"0000-01-01T00:00:00.000Z"})", "at /abortAt: expected a date"},
      {kQlik, R"({"abortAt":"2024-01-01T24:00:00.000Z"})", "at /abortAt: expected a date"},
      {kQlik, R"({"abortAt":"2024-01-01T00:00:60.000Z"})", "at /abortAt: expected a date"},
      {kQlik, R"({"abortAt":"2024-01-01T00:00:00Z"})", "at /abortAt: expected a date"},
      {kQlik, R"({"abortAt":"2024-01-01T00:00:00.000000Z"})", "at /abortAt: expected a date"},
      {kQlik, R"({"abortAt":"2024-01-01T00:00:00.000+00:00"})", "at /abortAt: expected a date"},
      {kQlik, R"({"abortAt":"2024-01-01t00:00:00.000Z"})", "at /abortAt: expected a date"},
      {kQlik, R"({"abortAt":1704067200})", "at /abortAt: expected a date"},
  });
}

TEST(SandboxBodyTest, GuidsHaveHyphensAndNoBraces) {
  JudgeAll({
      {kQlik, R"({"id":""})", ""},
      {kQlik, R"({"app":{"id":"046B6C7F-0b8a-43b9-b35d-6489e6daee91","appId":"no guid"}})", ""},
      {kQlik, R"({"id":"046b6c7f0b8a43b9b35d6489e6daee91"})", "at /id: expected a GUID with hyphens"},
      {kQlik, R"({"id":"{046b6c7f-0b8a-43b9-b35d-6489e6daee91}"})", "at /id: expected a GUID"},
      {kQlik, R"({"id":"046b6c7f-0b8a-43b9-b35d-6489e6daee9g"})", "at /id: expected a GUID"},
      {kQlik, R"({"executionResult":{"fileReferenceID":"x"}})",
       "at /executionResult/fileReferenceID: expected"},
  });
}

TEST(SandboxBodyTest, TypedPairsAreJudgedByTheirType) {
  const auto pair = [](const std::string& type, const std::string& value, const std::string& words) {
    return Body{kSymphony, R"({"commonData":[["SOAM_STRING_CHARS",""],[")" + type + "\",\"" + value + "\"]]}",
                words};
  };
  JudgeAll({
      pair("SOAM_STRING_CHARS", "any text", ""),
      pair("SOAM_UINT32", "4294967295", ""),
      pair("SOAM_UINT32", "4294967296", "at /commonData/1/1: SOAM_UINT32 wants"),
      pair("SOAM_UINT32", "-1", "at /commonData/1/1: SOAM_UINT32 wants"),
      pair("SOAM_UINT32", "+1", "at /commonData/1/1: SOAM_UINT32 wants"),
      pair("SOAM_UINT32", "01", "at /commonData/1/1: SOAM_UINT32 wants"),
      pair("SOAM_UINT32", "", "at /commonData/1/1: SOAM_UINT32 wants"),
      pair("SOAM_INT64", "-9223372036854775808", ""),
      pair("SOAM_INT64", "9223372036854775808", "at /commonData/1/1: SOAM_INT64 wants"),
      pair("SOAM_INT64", "-0", "at /commonData/1/1: SOAM_INT64 wants"),
      pair("SOAM_UINT64", "18446744073709551615", ""),
      pair("SOAM_UINT64", "18446744073709551616", "at /commonData/1/1: SOAM_UINT64 wants"),
      pair("SOAM_BYTES", "", ""),
      pair("SOAM_BYTES", "+/8=", ""),
      pair("SOAM_BYTES", "AA==", ""),
      pair("SOAM_BYTES", "Base64 encoded string", ""),
      pair("SOAM_BYTES", "base64 encoded string", "at /commonData/1/1: SOAM_BYTES wants"),
      pair("SOAM_BYTES", "AA", "at /commonData/1/1: SOAM_BYTES wants"),
      pair("SOAM_BYTES", "AB==", "at /commonData/1/1: SOAM_BYTES wants"),
      pair("SOAM_BYTES", "-_8=", "at /commonData/1/1: SOAM_BYTES wants"),
      pair("SOAM_BYTES", "====", "at /commonData/1/1: SOAM_BYTES wants"),
      pair("SOAM_FLOAT_2", "anything", ""),
      pair("SOAM_", "x", "at /commonData/1/0: expected a type name"),
      pair("SOAM_float", "x", "at /commonData/1/0: expected a type name"),
      pair("UINT32", "1", "at /commonData/1/0: expected a type name"),
      {kSymphony, R"({"commonData":[["SOAM_UINT32",4]]})", "at /commonData/0/1: expected a string, got 4"},
      {kSymphony, R"({"commonData":[["SOAM_UINT32"]]})", "at /commonData/0: expected two strings, got 1"},
      {kSymphony, R"({"commonData":[["SOAM_UINT32","4","5"]]})",
       "at /commonData/0: expected two strings, got 3"},
      {kSymphony, R"({"commonData":[{}]})", "at /commonData/0: expected an array of two strings"},
      {kSymphony, R"({"commonData":["SOAM_UINT32","4"]})",
       "at /commonData/0: expected an array of two strings"},
      {kSymphony, R"({"commonData":[]})", ""},
  });
}

TEST(SandboxBodyTest, DepthIsBounded) {
  SandboxOptions options;
  options.symphony_extras = {"x"};
  Sandbox sandbox(options);
  ASSERT_EQ(sandbox.Start(), std::nullopt);
  // The outermost object is the first level.
  const auto status_at = [&sandbox](std::size_t depth) {
    const std::string body = "{\"x\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + '}';
    return ExchangeOnce(sandbox.symphony_port(), SymphonyCreate(body)).status;
  };
  EXPECT_EQ(status_at(64), 200);
  EXPECT_EQ(status_at(65), 400);
}

TEST(SandboxConnectionTest, EndsWhereTheBodysEndIsInDoubt) {
  Sandbox sandbox(SandboxOptions{});
  ASSERT_EQ(sandbox.Start(), std::nullopt);
  RawClient client(sandbox.symphony_port());
  RawRequest request = SymphonyCreate();
  SendChunked(request);
  const RawReply reply = client.Exchange(request);
  EXPECT_THAT(reply.bytes, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_TRUE(client.SeesEnd());
}

TEST(SandboxConnectionTest, EndsAfterBytesThatAreNoRequest) {
  Sandbox sandbox(SandboxOptions{});
  ASSERT_EQ(sandbox.Start(), std::nullopt);
  const std::string long_target = "POST /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::string& bytes : {std::string("\x16\x03\x01\r\n\r\n"), long_target}) {
    RawClient client(sandbox.symphony_port());
    client.Send(bytes);
    const int status = client.Receive().status;
    EXPECT_GE(status, 400);
    EXPECT_LT(status, 500);
    EXPECT_TRUE(client.SeesEnd());
  }
}

TEST(SandboxConnectionTest, StopEndsIdleConnections) {
  Sandbox sandbox(SandboxOptions{});
  ASSERT_EQ(sandbox.Start(), std::nullopt);
  RawClient client(sandbox.symphony_port());
  ASSERT_EQ(client.Exchange(SymphonyCreate()).status, 200);
  sandbox.Stop();
  EXPECT_TRUE(client.SeesEnd());
}

TEST(SandboxConnectionTest, SurvivesARefusedBody) {
  Sandbox sandbox(SandboxOptions{});
  ASSERT_EQ(sandbox.Start(), std::nullopt);
  RawClient client(sandbox.symphony_port());
  EXPECT_EQ(client.Exchange(SymphonyCreate("[]")).status, 400);
  EXPECT_EQ(client.Exchange(SymphonyCreate()).status, 200);
}

}  // namespace
}  // namespace session_gateway
