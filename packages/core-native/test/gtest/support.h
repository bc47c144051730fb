// What the tests share: bytes from readable text, files that vanish afterwards, outcomes as text.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "describe.h"
#include "pickle/decoder.h"
#include "torchfile/container.h"

namespace nb201::test {

using Bytes = std::vector<uint8_t>;

// "80 02 'text' 2e": hexadecimal digits in pairs, text between single quotes as it is.
Bytes bytesOf(std::string_view text);

// What `run` returns, or "CODE@offset" of the error that it throws.
std::string outcome(const std::function<std::string()>& run);

// The value of a pickle as describe() writes it, or "CODE@offset".
std::string decode(const Bytes& pickle, const DecodeLimits& limits = {});
inline std::string decode(std::string_view pickle) { return decode(bytesOf(pickle)); }

// Reads everything that a file holds, its values and the bytes of its storages, and hands them on as they come.
void readThrough(const SourcePtr& source, const ContainerLimits& limits,
                 const std::function<void(const Container&)>& container, const std::function<void(const Value&)>& value,
                 const std::function<void(const std::string& key, const ByteSource&)>& storage);

// All of that as text.
std::string contents(const SourcePtr& source, const ContainerLimits& limits = {});

// A file in the temporary folder, removed in the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const Bytes& bytes);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Bytes readAll(const std::string& path);

// The files of test-fixtures/values. Empty where the folder is missing.
std::vector<std::string> valueFixtures();

}  // namespace nb201::test
