#include "tests/bench/load/request_reader.h"

#include <strings.h>

#include <charconv>
#include <utility>

namespace session_gateway::bench {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

// The value of a header, or nothing.
std::string_view ValueOf(std::string_view head, std::string_view name) {
  for (std::size_t line = head.find("\r\n"); line + 2 < head.size(); line = head.find("\r\n", line + 2)) {
    std::string_view rest = head.substr(line + 2);
    if (rest.size() <= name.size() || rest[name.size()] != ':') continue;
    if (strncasecmp(rest.data(), name.data(), name.size()) != 0) continue;
    rest = rest.substr(name.size() + 1, rest.find("\r\n") - name.size() - 1);
    return rest.substr(std::min(rest.size(), rest.find_first_not_of(' ')));
  }
  return {};
}

}  // namespace

bool RequestReader::ReadHead() {
  if (head_size_ != 0) return true;
  const std::size_t end = bytes_.find(kHeadEnd);
  if (end == std::string::npos) return false;
  head_size_ = end + kHeadEnd.size();
  const std::string_view head = std::string_view(bytes_).substr(0, head_size_);
  const std::string_view length = ValueOf(head, "content-length");
  length_ = 0;
  std::from_chars(length.data(), length.data() + length.size(), length_);
  chunked_ = ValueOf(head, "transfer-encoding") == "chunked";
  return true;
}

std::optional<ReadRequest> RequestReader::Next() {
  if (!ReadHead()) return std::nullopt;
  ReadRequest request;
  std::size_t end = head_size_ + length_;
  if (chunked_) {
    std::size_t at = head_size_;
    for (;;) {
      const std::size_t line = bytes_.find("\r\n", at);
      if (line == std::string::npos) return std::nullopt;
      std::size_t size = 0;
      std::from_chars(bytes_.data() + at, bytes_.data() + line, size, 16);
      end = line + 2 + size + 2;
      if (bytes_.size() < end) return std::nullopt;
      request.body.append(bytes_, line + 2, size);
      if (size == 0) break;
      at = end;
    }
  } else {
    if (bytes_.size() < end) return std::nullopt;
    request.body.assign(bytes_, head_size_, length_);
  }
  request.head.assign(bytes_, 0, head_size_);
  bytes_.erase(0, end);
  head_size_ = 0;
  return request;
}

std::string_view TargetOf(const ReadRequest& request) {
  const std::string_view head = request.head;
  const std::size_t begin = head.find(' ') + 1;
  return head.substr(begin, head.find(' ', begin) - begin);
}

}  // namespace session_gateway::bench
