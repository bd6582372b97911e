#include "server/endpoint.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/host_port.h"

namespace session_gateway {
namespace {

using std::string_literals::operator""s;

constexpr char kForm[] = "must have the form scheme://host:port[/prefix]";
constexpr char kNameRule[] =
    "the host name must be labels of 1 to 63 letters, digits, hyphens or underscores, joined by dots";
constexpr char kIpv4Rule[] = "an IPv4 address must be four numbers from 0 to 255, joined by dots";
constexpr char kPortRule[] = "the port must be from 1 to 65535";
constexpr char kSegmentRule[] =
    "the prefix may hold letters, digits, -._~!$&'()*+,;=:@ and whole percent-encodings only";

struct GoodEndpoint {
  std::string text;
  Endpoint want;
};

TEST(EndpointTest, ReadsEveryForm) {
  const GoodEndpoint cases[] = {
      {"http://symphony.example:8050", {"http", "symphony.example", 8050, ""}},
      {"https://symphony.example:443", {"https", "symphony.example", 443, ""}},
      {"http://h:1", {"http", "h", 1, ""}},
      {"http://h:65535", {"http", "h", 65535, ""}},
      {"HTTP://Sym-1.Example:80", {"http", "sym-1.example", 80, ""}},
      {"http://my_service:80", {"http", "my_service", 80, ""}},
      {"http://10.0.0.255:80", {"http", "10.0.0.255", 80, ""}},
      {"http://[::1]:80", {"http", "::1", 80, ""}},
      {"http://[2001:DB8:0:0:0:0:0:1]:80/p", {"http", "2001:db8::1", 80, "/p"}},
      {"http://h:80/", {"http", "h", 80, ""}},
      {"http://h:80/a", {"http", "h", 80, "/a"}},
      {"http://h:80/a/b/", {"http", "h", 80, "/a/b"}},
      {"http://h:80/A-._~!$&'()*+,;=:@z/%20%c3%A9", {"http", "h", 80, "/A-._~!$&'()*+,;=:@z/%20%c3%A9"}},
      {"http://h:80/.a/..b/...", {"http", "h", 80, "/.a/..b/..."}},
      {"http://" + std::string(63, 'a') + ":80", {"http", std::string(63, 'a'), 80, ""}},
  };
  for (const GoodEndpoint& test : cases) {
    const auto parsed = ParseEndpoint(test.text);
    const auto* problem = std::get_if<std::string>(&parsed);
    ASSERT_EQ(problem, nullptr) << test.text << ": " << *problem;
    EXPECT_EQ(std::get<Endpoint>(parsed), test.want) << test.text;
  }
}

struct BadEndpoint {
  std::string text;
  std::string want;
};

void ExpectRefused(const std::vector<BadEndpoint>& cases) {
  for (const BadEndpoint& test : cases) {
    const auto parsed = ParseEndpoint(test.text);
    const auto* problem = std::get_if<std::string>(&parsed);
    ASSERT_NE(problem, nullptr) << test.text;
    EXPECT_EQ(*problem, test.want) << test.text;
  }
}

TEST(EndpointTest, NamesTheRuleThatSchemeHostOrPortBreaks) {
  ExpectRefused({
      {"", kForm},
      {"h:80", kForm},
      {"http:/h:80", kForm},
      {"http:h:80", kForm},
      {"://h:80", "the scheme must be http or https"},
      {"ftp://h:80", "the scheme must be http or https"},
      {" http://h:80", "the scheme must be http or https"},
      {"http://", "the host is missing"},
      {"http://:80", "the host is missing"},
      {"http:///a", "the host is missing"},
      {"http://h", "the port is missing: write host:port"},
      {"http://h/a:80", "the port is missing: write host:port"},
      {"http://[::1]", "the port is missing: write host:port"},
      {"http://h:", kPortRule},
      {"http://h:0", kPortRule},
      {"http://h:65536", kPortRule},
      {"http://h:000080", kPortRule},
      {"http://h:+80", kPortRule},
      {"http://h:-1", kPortRule},
      {"http://h:8o", kPortRule},
      {"http://h:80 ", kPortRule},
      {"http://u:p@h:80", "must not hold a user name or a password"},
      {"http://u@h:80/a", "must not hold a user name or a password"},
      {"http://::1:80", "an IPv6 address must stand in brackets"},
      {"http://[::1:80", "an IPv6 address must stand in brackets, followed by :port"},
      {"http://[::1]x:80", "an IPv6 address must stand in brackets, followed by :port"},
      {"http://[]:80", "the brackets must hold an IPv6 address without a zone"},
      {"http://[127.0.0.1]:80", "the brackets must hold an IPv6 address without a zone"},
      {"http://[fe80::1%25eth0]:80", "the brackets must hold an IPv6 address without a zone"},
      {"http://[::1\0]:80"s, "the brackets must hold an IPv6 address without a zone"},
      {"http://127.1:80", kIpv4Rule},
      {"http://256.0.0.1:80", kIpv4Rule},
      {"http://1.2.3.4.5:80", kIpv4Rule},
      {"http://2130706433:80", kIpv4Rule},
      {"http://0x7f000001:80", kIpv4Rule},
      {"http://127.0.0.1\0:80"s, kNameRule},
      {"http://a..b:80", kNameRule},
      {"http://.a:80", kNameRule},
      {"http://a.:80", kNameRule},
      {"http://-a:80", kNameRule},
      {"http://a-:80", kNameRule},
      {"http://a b:80", kNameRule},
      {"http://a\tb:80", kNameRule},
      {"http://a%20b:80", kNameRule},
      {"http://\xc3\xa9.example:80", kNameRule},
      {"http://" + std::string(64, 'a') + ":80", kNameRule},
      {"http://" + std::string(126, 'a').replace(1, 1, ".") + ":80", kNameRule},
  });
}

TEST(EndpointTest, NamesTheRuleThatThePrefixBreaks) {
  ExpectRefused({
      {"http://h:80?a=1", "must not have a query"},
      {"http://h:80/a?b", "must not have a query"},
      {"http://h:80#a", "must not have a fragment"},
      {"http://h:80/#", "must not have a fragment"},
      {"http://h:80\\a", kSegmentRule},
      {"http://h:80/a\\b", kSegmentRule},
      {"http://h:80/a b", kSegmentRule},
      {"http://h:80/a\nb", kSegmentRule},
      {"http://h:80/a\0b"s, kSegmentRule},
      {"http://h:80/\x7f", kSegmentRule},
      {"http://h:80/\xc3\xa9", kSegmentRule},
      {"http://h:80/a\"b", kSegmentRule},
      {"http://h:80/%", kSegmentRule},
      {"http://h:80/%4", kSegmentRule},
      {"http://h:80/%4/a", kSegmentRule},
      {"http://h:80/%g0", kSegmentRule},
      {"http://h:80/%00", "the prefix must not hold an encoded control character"},
      {"http://h:80/%0d%0a", "the prefix must not hold an encoded control character"},
      {"http://h:80/%7F", "the prefix must not hold an encoded control character"},
      {"http://h:80/a%2fb", "the prefix must not hold an encoded slash"},
      {"http://h:80/a%5Cb", "the prefix must not hold an encoded slash"},
      {"http://h:80//", "the prefix must not have an empty segment"},
      {"http://h:80//a", "the prefix must not have an empty segment"},
      {"http://h:80/a//b", "the prefix must not have an empty segment"},
      {"http://h:80/a//", "the prefix must not have an empty segment"},
      {"http://h:80/.", "the prefix must not have a . or .. segment"},
      {"http://h:80/a/../b", "the prefix must not have a . or .. segment"},
      {"http://h:80/a/..", "the prefix must not have a . or .. segment"},
      {"http://h:80/%2e%2E/", "the prefix must not have a . or .. segment"},
      {"http://h:80/.%2e", "the prefix must not have a . or .. segment"},
      {"http://h:80/" + std::string(2048, 'a'), "must not be longer than 2048 bytes"},
  });
}

TEST(EndpointTest, ANameIsAtMost253BytesLong) {
  std::string name;
  for (int i = 0; i < 4; ++i) name += std::string(62, 'a') + ".";
  name += "b";  // 4 * 63 + 1
  EXPECT_TRUE(std::holds_alternative<Endpoint>(ParseEndpoint("http://" + name + ":80")));
  const auto parsed = ParseEndpoint("http://" + name + "b:80");
  EXPECT_EQ(std::get<std::string>(parsed), kNameRule);
}

TEST(EndpointTest, RendersTheHostHeaderAndTheOrigin) {
  const Endpoint named = {"http", "symphony.example", 8050, "/p"};
  EXPECT_EQ(named.HostPort(), "symphony.example:8050");
  EXPECT_EQ(named.Origin(), "http://symphony.example:8050");
  const Endpoint ipv6 = {"https", "::1", 443, ""};
  EXPECT_EQ(ipv6.HostPort(), "[::1]:443");
  EXPECT_EQ(ipv6.Origin(), "https://[::1]:443");
}

TEST(HostPortTest, PortZeroIsAllowed) {
  const auto parsed = ParseHostPort("127.0.0.1:0", PortZero::kAllowed);
  EXPECT_EQ(std::get<HostPort>(parsed), (HostPort{"127.0.0.1", 0}));
}

TEST(HostPortTest, LoopbackIsRecognizedAndNothingElse) {
  for (const std::string_view host : {"127.0.0.1", "127.255.3.4", "::1", "::ffff:127.0.0.1", "localhost"}) {
    EXPECT_TRUE(IsLoopback(host)) << host;
  }
  for (const std::string_view host : {"0.0.0.0", "128.0.0.1", "126.255.255.255", "10.0.0.1", "::", "::2",
                                      "fe80::1", "::ffff:10.0.0.1", "localhost.example", "gateway", ""}) {
    EXPECT_FALSE(IsLoopback(host)) << host;
  }
}

}  // namespace
}  // namespace session_gateway
