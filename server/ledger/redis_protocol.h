// The words of Redis: commands as bytes, and bytes as replies. hiredis writes the one and reads the other; it
// moves no bytes (docs/decisions/redis.md says why). A reply, its elements and each of its lines are bounded:
// what stands here is safe to feed with anything.
//
// Thread rule: values, and one thread per reader. Never here: sockets, what a command means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace session_gateway {

inline constexpr std::size_t kRedisReplyBytesMax = 17 * 1024 * 1024;
inline constexpr std::size_t kRedisLineBytesMax = 64 * 1024;  // of a line that is no bulk
inline constexpr int kRedisElementsMax = 64;                  // of one array

struct RedisReply {
  enum class Type { kText, kError, kInteger, kNil, kArray };

  Type type = Type::kNil;
  std::int64_t integer = 0;
  std::string text;  // of kText, a status too, and of kError
  std::vector<RedisReply> elements;

  bool IsError() const { return type == Type::kError; }
  // The text of an element; empty when it is not there or no text.
  std::string_view TextAt(std::size_t place) const;
};

void AppendRedisCommand(std::span<const std::string_view> words, std::string& out);

class RedisReader {
 public:
  RedisReader();
  ~RedisReader();
  RedisReader(const RedisReader&) = delete;
  RedisReader& operator=(const RedisReader&) = delete;

  // Takes bytes as they come; after each, Next is called until it has nothing.
  void Feed(std::string_view bytes);
  // The next whole reply. Nothing when more bytes are needed, or when there will be none any more.
  std::optional<RedisReply> Next();
  // Not empty once what came is no reply of Redis, or too large. It stays so.
  const std::string& problem() const { return problem_; }

 private:
  struct Engine;

  void CheckUnfinished();

  std::unique_ptr<Engine> engine_;
  std::string problem_;
};

}  // namespace session_gateway
