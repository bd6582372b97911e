// One member of an answer, whatever else the answer holds.
#include "translator/json_member.h"

#include <gtest/gtest.h>

namespace session_gateway {
namespace {

std::string Find(std::string text) { return FindTextMember(text, "token").value_or("(none)"); }

TEST(JsonMember, IsATextOrANumber) {
  EXPECT_EQ(Find(R"({"token":"a\u0062c"})"), "abc");
  EXPECT_EQ(Find(R"({"a":[1,{"token":"x"}],"token":12345678901234567890,"b":null})"), "12345678901234567890");
  EXPECT_EQ(Find(R"({"token":""})"), "");
  EXPECT_EQ(Find("\xEF\xBB\xBF{\"token\":\"a\"}"), "a");
}

TEST(JsonMember, TheLastOfDuplicatesCounts) {
  EXPECT_EQ(Find(R"({"token":"a","token":"b"})"), "b");
  EXPECT_EQ(Find(R"({"token":"a","token":null})"), "(none)");
}

TEST(JsonMember, IsNotThereInAnythingElse) {
  for (const char* text : {"", "{}", "[]", "null", "token", R"({"Token":"a"})", R"({"token":true})",
                           R"({"token":{"token":"a"}})", R"({"token":["a"]})", R"({"token":"\ud800"})",
                           R"({"token":"a")", R"({"token":"a"}x)", "<html>"}) {
    EXPECT_EQ(Find(text), "(none)") << text;
  }
}

}  // namespace
}  // namespace session_gateway
