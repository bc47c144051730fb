#include "support.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace nb201::test {

Bytes bytesOf(std::string_view text) {
  Bytes out;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '\'') {
      const size_t end = text.find('\'', i + 1);
      if (end == std::string_view::npos) throw std::invalid_argument("a quote is open");
      out.insert(out.end(), text.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                 text.begin() + static_cast<std::ptrdiff_t>(end));
      i = end + 1;
    } else if (text[i] == ' ') {
      ++i;
    } else {
      out.push_back(static_cast<uint8_t>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
      i += 2;
    }
  }
  return out;
}

std::string outcome(const std::function<std::string()>& run) {
  try {
    return run();
  } catch (const Error& error) {
    return std::string(codeName(error.code())) + "@" + std::to_string(error.offset());
  }
}

std::string decode(const Bytes& pickle, const DecodeLimits& limits) {
  return outcome([&] {
    const SourcePtr source = fromMemory("pickle", pickle);
    Graph graph;
    graph.hold(source);
    const Value value = Decoder(graph, *source, limits).pickle(0);
    EXPECT_EQ(brokenPromise(value), "");
    return describe(value);
  });
}

void readThrough(const SourcePtr& source, const ContainerLimits& limits,
                 const std::function<void(const Container&)>& container, const std::function<void(const Value&)>& value,
                 const std::function<void(const std::string& key, const ByteSource&)>& storage) {
  Graph graph;
  const Container opened = Container::open(source, limits);
  container(opened);
  Container::StorageTypes types;
  uint64_t at = opened.pickleAt();
  do {
    Container::Loaded loaded = opened.load(graph, at);
    EXPECT_EQ(brokenPromise(loaded.value), "");
    value(loaded.value);
    types.merge(loaded.types);
    at = loaded.end;
  } while (opened.kind() == ContainerKind::Pickle && at < opened.pickles()->size());
  const StorageTable table = opened.storages(types, at);
  for (const auto& [key, type] : types) storage(key, *opened.openStorage(table, key));
}

std::string contents(const SourcePtr& source, const ContainerLimits& limits) {
  std::string out;
  readThrough(
      source, limits, [&](const Container& container) { out += containerName(container.kind()); },
      [&](const Value& value) { out += "\n" + describe(value); },
      [&](const std::string& key, const ByteSource& bytes) {
        std::string content(static_cast<size_t>(bytes.size()), '\0');
        bytes.read(0, content.data(), content.size());
        out += "\n" + key + "=" + content;
      });
  return out;
}

TemporaryFile::TemporaryFile(const Bytes& bytes) {
  std::string name = (std::filesystem::temp_directory_path() / "nb201-test-XXXXXX").string();
  const int fd = ::mkstemp(name.data());
  if (fd < 0) throw std::runtime_error("no temporary file");
  ::close(fd);
  path_ = name;
  std::ofstream(path_, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

TemporaryFile::~TemporaryFile() { std::remove(path_.c_str()); }

Bytes readAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> valueFixtures() {
  std::vector<std::string> out;
  const std::filesystem::path folder = std::filesystem::path(NB201_FIXTURES) / "values";
  if (!std::filesystem::is_directory(folder)) return out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) out.push_back(entry.path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace nb201::test
