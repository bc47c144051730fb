// A pickle's memo: index to value. Picklers count up from some number, so most of it is one array.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace nb201 {

template <class T>
class Memo {
 public:
  void put(uint64_t index, const T& value) {
    if (dense_.empty() && others_.empty()) first_ = index;
    if (index >= first_ && index - first_ < dense_.size()) {
      dense_[static_cast<size_t>(index - first_)] = value;
    } else if (index == first_ + dense_.size()) {
      dense_.push_back(value);
      if (!others_.empty()) others_.erase(index);  // or it would count twice
    } else {
      others_[index] = value;
    }
  }

  // The value put last under this index, or null.
  const T* find(uint64_t index) const {
    if (index >= first_ && index - first_ < dense_.size()) return &dense_[static_cast<size_t>(index - first_)];
    if (others_.empty()) return nullptr;
    const auto found = others_.find(index);
    return found == others_.end() ? nullptr : &found->second;
  }

  size_t size() const { return dense_.size() + others_.size(); }
  void clear() {
    dense_.clear();
    others_.clear();
  }

 private:
  uint64_t first_ = 0;
  std::vector<T> dense_;
  std::unordered_map<uint64_t, T> others_;
};

}  // namespace nb201
