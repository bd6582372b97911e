#include "tests/server/resp.h"

namespace session_gateway {
namespace {

template <typename Element>
std::string ArrayOf(const std::vector<Element>& elements) {
  std::string bytes = "*" + std::to_string(elements.size()) + "\r\n";
  for (const Element& element : elements) bytes += RespOf(element);
  return bytes;
}

}  // namespace

std::string RespOf(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

std::string RespOf(const std::vector<std::string>& texts) { return ArrayOf(texts); }

std::string RespOf(const RedisReply& reply) {
  switch (reply.type) {
    case RedisReply::Type::kText:
      return RespOf(reply.text);
    case RedisReply::Type::kError:
      return "-" + reply.text + "\r\n";
    case RedisReply::Type::kInteger:
      return ":" + std::to_string(reply.integer) + "\r\n";
    case RedisReply::Type::kNil:
      return "$-1\r\n";
    case RedisReply::Type::kArray:
      break;
  }
  return ArrayOf(reply.elements);
}

std::vector<std::string> WordsOf(const RedisReply& command) {
  std::vector<std::string> words;
  for (const RedisReply& word : command.elements) words.push_back(word.text);
  return words;
}

}  // namespace session_gateway
