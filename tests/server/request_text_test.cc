#include "server/upstream/request_text.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace session_gateway {
namespace {

Endpoint Site() { return {"http", "rest.example", 8080, "/gw"}; }

HttpRequest Create() {
  HttpRequest request;
  request.method = "POST";
  request.path = "/session";
  request.query = {{"applicationName", "my app"}, {"csrftoken", "a&b"}};
  request.headers = {{"accept", "application/json"}, {"content-type", "application/json"}};
  request.body = "{}";
  return request;
}

std::string Head(const HttpRequest& request, const Endpoint& endpoint = Site()) {
  const auto head = RequestHead(endpoint, request);
  if (const auto* refused = std::get_if<RefusedText>(&head)) return "refused: " + refused->reason;
  return std::get<std::string>(head);
}

bool Refused(const HttpRequest& request, const Endpoint& endpoint = Site()) {
  return std::holds_alternative<RefusedText>(RequestHead(endpoint, request));
}

TEST(RequestHead, IsExact) {
  EXPECT_EQ(Head(Create()),
            "POST /gw/session?applicationName=my%20app&csrftoken=a%26b HTTP/1.1\r\n"
            "host: rest.example:8080\r\n"
            "accept: application/json\r\n"
            "content-type: application/json\r\n"
            "content-length: 2\r\n"
            "\r\n");
}

TEST(RequestHead, WritesAnIpv6HostInBrackets) {
  const Endpoint endpoint = {"http", "::1", 80, ""};
  EXPECT_NE(Head(Create(), endpoint).find("\r\nhost: [::1]:80\r\n"), std::string::npos);
}

TEST(RequestHead, HasALengthWhereABodyCouldBe) {
  HttpRequest request = Create();
  request.body = {};
  EXPECT_NE(Head(request).find("\r\ncontent-length: 0\r\n"), std::string::npos);
  request.method = "GET";
  EXPECT_EQ(Head(request).find("content-length"), std::string::npos);
  request.body = "x";
  EXPECT_NE(Head(request).find("\r\ncontent-length: 1\r\n"), std::string::npos);
}

// Every byte is tried at every place where text of others can stand.
TEST(RequestHead, RefusesForbiddenBytes) {
  for (int byte = 0; byte < 256; ++byte) {
    SCOPED_TRACE(byte);
    const char c = static_cast<char>(byte);
    const bool control = byte < 0x20 || byte == 0x7f;
    const bool visible = byte > 0x20 && byte < 0x7f;

    HttpRequest value = Create();
    value.headers[0].value = std::string("a") + c + "b";
    EXPECT_EQ(Refused(value), control);

    HttpRequest path = Create();
    path.path = std::string("/a") + c + "b";
    EXPECT_EQ(Refused(path), !visible || c == '#');

    Endpoint prefix = Site();
    prefix.prefix = std::string("/p") + c;
    EXPECT_EQ(Refused(Create(), prefix), !visible || c == '#');

    Endpoint host = Site();
    host.host = std::string("h") + c;
    if (!visible) {
      EXPECT_TRUE(Refused(Create(), host));
    }

    const bool token = visible && std::string("\"(),/:;<=>?@[\\]{}").find(c) == std::string::npos;
    HttpRequest name = Create();
    name.headers[0].name = std::string("x") + c;
    EXPECT_EQ(Refused(name), !token);

    HttpRequest method = Create();
    method.method += c;
    EXPECT_TRUE(Refused(method));

    // A query may hold anything: it leaves percent-encoded.
    HttpRequest query_name = Create();
    query_name.query[0].name = std::string("a") + c;
    EXPECT_FALSE(Refused(query_name));
    HttpRequest query_value = Create();
    query_value.query[0].value = std::string("a") + c;
    EXPECT_FALSE(Refused(query_value));
  }
}

TEST(RequestHead, RefusesWhatDecidesFraming) {
  for (const std::string name : {"host", "Host", "content-length", "Transfer-Encoding", "connection",
                                 "expect", "te", "trailer", "upgrade", "keep-alive", "proxy-connection"}) {
    HttpRequest request = Create();
    request.headers.push_back({name, "x"});
    EXPECT_TRUE(Refused(request)) << name;
  }
}

TEST(RequestHead, RefusesOddRequests) {
  for (const std::string method : {"", "post", "HEAD", "CONNECT"}) {
    HttpRequest request = Create();
    request.method = method;
    EXPECT_TRUE(Refused(request)) << method;
  }
  HttpRequest relative = Create();
  relative.path = "session";
  EXPECT_TRUE(Refused(relative, {"http", "rest.example", 80, ""}));
  HttpRequest nameless = Create();
  nameless.headers[0].name.clear();
  EXPECT_TRUE(Refused(nameless));
  EXPECT_TRUE(Refused(Create(), {"http", "", 80, ""}));
}

TEST(RequestHead, RefusesWithoutRepeatingTheText) {
  HttpRequest request = Create();
  request.headers[0] = {"authorization", "Basic c2VjcmV0\r\nx: y", Secrecy::kSecret};
  const std::string reason = Head(request);
  EXPECT_NE(reason.find("authorization"), std::string::npos);
  EXPECT_EQ(reason.find("c2VjcmV0"), std::string::npos);
}

}  // namespace
}  // namespace session_gateway
