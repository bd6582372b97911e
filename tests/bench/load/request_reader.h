// Requests of HTTP/1.1 as they come: whole ones, their bodies read to the end, with a length or in chunks.
//
// Thread rule: one thread. Never here: bounds, for only the bench's own programs send here; answering.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace session_gateway::bench {

struct ReadRequest {
  std::string head;  // with the empty line
  std::string body;  // without chunks
};

class RequestReader {
 public:
  void Append(const char* data, std::size_t size) { bytes_.append(data, size); }
  // The next whole request.
  std::optional<ReadRequest> Next();

 private:
  bool ReadHead();

  std::string bytes_;
  std::size_t head_size_ = 0;  // 0: the head is not whole
  bool chunked_ = false;
  std::size_t length_ = 0;
};

std::string_view TargetOf(const ReadRequest& request);

}  // namespace session_gateway::bench
