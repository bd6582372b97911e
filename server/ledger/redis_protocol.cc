#include "server/ledger/redis_protocol.h"

#include <hiredis/hiredis.h>

#include <cstring>
#include <exception>
#include <utility>

namespace session_gateway {
namespace {

// Longer than the line of any bulk's length.
constexpr std::size_t kBulkLineBytesMax = 32;

// Puts a reply in its place: an element of the array that is being read, or a reply of its own. Returns
// nullptr, by which the reader stops, when there is no memory: no exception may pass the library.
void* Place(const redisReadTask* task, RedisReply&& reply) noexcept {
  try {
    if (task->parent == nullptr) return new RedisReply(std::move(reply));
    auto* array = static_cast<RedisReply*>(task->parent->obj);
    // The array has room for all its elements since it was begun, so their addresses stay.
    return &array->elements.emplace_back(std::move(reply));
  } catch (const std::exception&) {
    return nullptr;
  }
}

void* CreateText(const redisReadTask* task, char* bytes, std::size_t size) noexcept {
  try {
    RedisReply reply;
    reply.type = task->type == REDIS_REPLY_ERROR ? RedisReply::Type::kError : RedisReply::Type::kText;
    reply.text.assign(bytes, size);
    return Place(task, std::move(reply));
  } catch (const std::exception&) {
    return nullptr;
  }
}

void* CreateArray(const redisReadTask* task, int elements) noexcept {
  if (elements < 0 || elements > kRedisElementsMax) return nullptr;
  try {
    RedisReply reply;
    reply.type = RedisReply::Type::kArray;
    reply.elements.reserve(static_cast<std::size_t>(elements));
    return Place(task, std::move(reply));
  } catch (const std::exception&) {
    return nullptr;
  }
}

void* CreateInteger(const redisReadTask* task, long long value) noexcept {
  RedisReply reply;
  reply.type = RedisReply::Type::kInteger;
  reply.integer = value;
  return Place(task, std::move(reply));
}

void* CreateNil(const redisReadTask* task) noexcept { return Place(task, RedisReply{}); }

void Free(void* reply) noexcept { delete static_cast<RedisReply*>(reply); }

}  // namespace

std::string_view RedisReply::TextAt(std::size_t place) const {
  if (place >= elements.size() || elements[place].type != Type::kText) return {};
  return elements[place].text;
}

void AppendRedisCommand(std::span<const std::string_view> words, std::string& out) {
  std::vector<const char*> starts;
  std::vector<std::size_t> sizes;
  starts.reserve(words.size());
  sizes.reserve(words.size());
  for (const std::string_view word : words) {
    starts.push_back(word.data() == nullptr ? "" : word.data());
    sizes.push_back(word.size());
  }
  char* bytes = nullptr;
  const int size =
      redisFormatCommandArgv(&bytes, static_cast<int>(words.size()), starts.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  try {
    out.append(bytes, static_cast<std::size_t>(size));
  } catch (const std::exception&) {
    redisFreeCommand(bytes);
    throw;
  }
  redisFreeCommand(bytes);
}

struct RedisReader::Engine {
  Engine() : reader(redisReaderCreateWithFunctions(&functions)) {
    if (reader == nullptr) throw std::bad_alloc();
  }
  ~Engine() { redisReaderFree(reader); }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  redisReplyObjectFunctions functions = {CreateText, CreateArray, CreateInteger, CreateNil, Free};
  redisReader* reader;
  std::size_t fed = 0;  // since the last whole reply
};

RedisReader::RedisReader() : engine_(std::make_unique<Engine>()) {}
RedisReader::~RedisReader() = default;

void RedisReader::Feed(std::string_view bytes) {
  if (!problem_.empty() || bytes.empty()) return;
  if (redisReaderFeed(engine_->reader, bytes.data(), bytes.size()) != REDIS_OK) {
    problem_ = "no memory for a reply";
    return;
  }
  engine_->fed += bytes.size();
}

std::optional<RedisReply> RedisReader::Next() {
  if (!problem_.empty()) return std::nullopt;
  void* whole = nullptr;
  if (redisReaderGetReply(engine_->reader, &whole) != REDIS_OK) {
    problem_ = engine_->reader->err == REDIS_ERR_OOM ? "a reply is too large" : "what came is no reply";
    return std::nullopt;
  }
  if (whole == nullptr) {
    CheckUnfinished();
    return std::nullopt;
  }
  const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(whole));
  engine_->fed = engine_->reader->len - engine_->reader->pos;
  return std::move(*reply);
}

// The library would wait for the end of a line, or of a bulk, as long as its buffer grows, and look through
// all of a line at each turn.
void RedisReader::CheckUnfinished() {
  const redisReader& reader = *engine_->reader;
  if (engine_->fed > kRedisReplyBytesMax) problem_ = "a reply is too large";
  const std::size_t waiting = reader.len - reader.pos;
  if (waiting == 0 || reader.ridx < 0) return;
  if (reader.rstack[reader.ridx].type != REDIS_REPLY_STRING) {
    if (waiting > kRedisLineBytesMax) problem_ = "a line of a reply is too long";
  } else if (waiting > kBulkLineBytesMax &&
             std::memchr(reader.buf + reader.pos, '\n', kBulkLineBytesMax) == nullptr) {
    problem_ = "what came is no reply";
  }
}

}  // namespace session_gateway
