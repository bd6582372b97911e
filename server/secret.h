// A value that must never be read by a person or a log: a password, a token, a private key, a cookie.
//
// Whatever prints it prints stars; only Reveal gives the value, so that a reader can find every place that
// uses one. The memory is overwritten when the last owner lets go. Thread rule: a value. Never here: where a
// secret comes from, comparison with an ordinary string.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace session_gateway {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  ~Secret() { Wipe(); }
  Secret(const Secret&) = default;
  Secret& operator=(const Secret& other) {
    if (this == &other) return *this;
    Wipe();
    value_ = other.value_;
    return *this;
  }
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.Wipe(); }
  Secret& operator=(Secret&& other) noexcept {
    std::swap(value_, other.value_);
    other.Wipe();
    return *this;
  }

  const std::string& Reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  bool operator==(const Secret&) const = default;

  friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << kStars; }

  static constexpr std::string_view kStars = "***";

 private:
  void Wipe() {
    // A short text that was moved from still lies in the object's own buffer.
    value_.resize(value_.capacity());
    // Volatile, or the compiler would see that nobody reads it any more.
    volatile char* bytes = value_.data();
    for (std::size_t i = 0; i < value_.size(); ++i) bytes[i] = 0;
    value_.clear();
  }

  std::string value_;
};

}  // namespace session_gateway
