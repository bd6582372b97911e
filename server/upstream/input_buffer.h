// Where the bytes of a connection's answer arrive: little room, since most answers are short and thousands of
// connections wait for theirs; more for the rest of an answer that filled it.
//
// Thread rule: its connection's. Never here: what the bytes mean.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <span>

namespace session_gateway {

class InputBuffer {
 public:
  // For the next read; what the one before gave is gone.
  std::span<char> Room() { return large_ ? std::span<char>(*large_) : std::span<char>(small_); }

  // So many bytes came into the room. Where there is no memory for more of it, it stays as it is.
  void NoteRead(std::size_t bytes) {
    if (!large_ && bytes == small_.size()) large_.reset(new (std::nothrow) Large);
  }
  // Another answer begins.
  void Restart() { large_.reset(); }

 private:
  using Large = std::array<char, 16 * 1024>;

  std::array<char, 1024> small_;
  std::unique_ptr<Large> large_;
};

}  // namespace session_gateway
